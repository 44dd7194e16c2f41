/** @file Subspaces that a rule follows from step to step: they are drawn once, and then part of its state. */

import { scalarLike, type Value } from "../../graph/value.ts";
import { equal, where } from "../../ops/elementwise.ts";
import { sumSquares } from "../../ops/reduce.ts";
import { fillNormal } from "../../random/index.ts";
import { type CompressionChoice, described, projectionOf } from "../choice.ts";
import type { CompressibleParam } from "../compressor.ts";
import { type Found, inSubspace } from "./subspaces.ts";

/** What it begins with: normal numbers of variance 1/r. */
export const followedSubspace = (param: CompressibleParam, choice: CompressionChoice): Found =>
  inSubspace(projectionOf(param, choice, "orthonormal"), (projection) => ({
    projection,
    description: `${described(projection)}, followed`,
    subspace: { kind: "drawn", draw: (key, a) => fillNormal(key, a, projection.rank ** -0.5) },
  }));

/** Steps between subspaces that are drawn: more than any run has. */
export const NEVER: number = 2 ** 40;

/** What a rule keeps, zeros at first; then what was drawn takes its place. */
export function begun(kept: Value, drawn: Value): Value {
  const size = sumSquares(kept);
  return where(equal(size, scalarLike(size, 0)), drawn, kept);
}
