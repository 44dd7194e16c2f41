/** @file What compressors are told: which matrices, on which side, at which rank; and what the decision on a parameter is. */

import { matches } from "../nn/patterns.ts";
import type { CompressibleParam, Uncompressed } from "./compressor.ts";
import type { Family } from "./families.ts";
import type { Projection } from "./projection.ts";

/** The dimension of a matrix that is projected: by size, by name, or by what a linear map multiplies along it. */
export const PROJECTION_SIDES = [
  "smaller",
  "larger",
  "rows",
  "columns",
  "input",
  "output",
] as const;

/** Which dimension of a weight is projected. */
export type ProjectionSide = (typeof PROJECTION_SIDES)[number];

/** Which matrices are compressed, and how far. */
export interface CompressionChoice {
  /** Rows of a projection matrix. */
  readonly rank: number;
  /** The family that it is drawn from. */
  readonly projection?: Family | undefined;
  /** "smaller" by default. */
  readonly side?: ProjectionSide;
  /** Patterns of names; all by default. */
  readonly include?: readonly string[];
  readonly exclude?: readonly string[];
  /** Whether embedding tables are compressed too. */
  readonly compressEmbeddings?: boolean;
}

/** The projection of a parameter, or why there is none. */
export function projectionOf(
  param: CompressibleParam,
  choice: CompressionChoice,
  family: Family,
): Projection | Uncompressed {
  const reason = reasonAgainst(param, choice);
  if (reason !== undefined) return { reason };
  const { rank, side = "smaller" } = choice;
  const [rows = 0, columns = 0] = param.shape;
  const projected = param.inChunks ? "columns" : sideOf(side, param);
  const dimension = projected === "rows" ? rows : columns;
  return { side: projected, rank, dimension, family };
}

/** Whether it is a projection that loses and saves something. */
export const saves = ({ rank, dimension }: Projection): boolean => rank < dimension;

/** Why a projection that saves nothing is not made. */
export const savesNothing = ({ rank, dimension, side }: Projection): Uncompressed => ({
  reason: `rank ${rank} saves nothing on ${dimension} ${side}`,
});

/** "rank 128 of 768 columns" */
export const described = ({ rank, dimension, side }: Projection): string =>
  `rank ${rank} of ${dimension} ${side}`;

function reasonAgainst(
  { name, role, shape }: CompressibleParam,
  { include = ["*"], exclude = [], compressEmbeddings = false }: CompressionChoice,
): string | undefined {
  if (role === "adapter") return role;
  if (shape.length > 2) return `${shape.length} axes`;
  if (shape.length < 2) return role;
  if (role === "embedding" && !compressEmbeddings) return role;
  if (!include.some((pattern) => matches(pattern, name))) return "not included";
  return exclude.some((pattern) => matches(pattern, name)) ? "excluded" : undefined;
}

function sideOf(
  side: ProjectionSide,
  { shape: [rows = 0, columns = 0], inputAxis }: CompressibleParam,
): Projection["side"] {
  if (side === "rows" || side === "columns") return side;
  const smaller = rows < columns ? "rows" : "columns";
  const input = inputAxis === undefined ? smaller : (["rows", "columns"] as const)[inputAxis];
  if (side === "smaller") return smaller;
  if (side === "input") return input;
  const kept = side === "larger" ? smaller : input;
  return kept === "rows" ? "columns" : "rows";
}
