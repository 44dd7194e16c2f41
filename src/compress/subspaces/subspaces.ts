/** @file The subspaces of FLORA's neighbours: drawn and kept for a while, or learned from the gradient. */

import { type CompressionChoice, described, projectionOf, saves, savesNothing } from "../choice.ts";
import type { CompressibleParam, Compression, Uncompressed } from "../compressor.ts";
import { FAMILIES } from "../families.ts";
import type { Projection } from "../projection.ts";
import { leadingDirections } from "./leading-directions.ts";

/** How a parameter is compressed, or why not. */
export type Found = Compression | Uncompressed;

/** A subspace that is drawn: "gaussian" by default. */
export function drawnSubspace(param: CompressibleParam, choice: CompressionChoice): Found {
  const { projection: family = "gaussian" } = choice;
  const { draw } = FAMILIES[family];
  return inSubspace(projectionOf(param, choice, family), (projection) => ({
    projection,
    description: described(projection),
    subspace: {
      kind: "drawn",
      draw: (key, a, block) => draw(key, a, projection.rank, projection.dimension, block),
    },
  }));
}

/** The span of the leading singular vectors of the gradient. */
export const learnedSubspace = (param: CompressibleParam, choice: CompressionChoice): Found =>
  inSubspace(projectionOf(param, choice, "orthonormal"), (projection) => ({
    projection,
    description: `${described(projection)}, learned`,
    subspace: {
      kind: "learned",
      learn: (gradient) => leadingDirections(gradient, param.shape, projection),
    },
  }));

/** A compression that saves something, or why there is none. */
export function inSubspace(
  found: Projection | Uncompressed,
  compressed: (projection: Projection) => Compression,
): Found {
  if ("reason" in found) return found;
  return saves(found) ? compressed(found) : savesNothing(found);
}
