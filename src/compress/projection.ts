/**
 * @file Random projections of gradients, and what they cost and lose (Hao, Cao & Mou, ICML 2024, arXiv:2402.03293).
 *
 *   columns   C = G Aᵀ   [n, r],   Ĝ = C A        A [r, m]
 *   rows      C = A G    [r, m],   Ĝ = Aᵀ C       A [r, n]
 *
 * With E[Aᵀ A] = I the estimate Ĝ is unbiased, and with m the projected dimension E‖Ĝ - G‖² = error ‖G‖²:
 *
 *   gaussian (m + 1)/r      rademacher (m - 1)/r      orthonormal m/r - 1
 */

import type { Value } from "../graph/value.ts";
import { matmul } from "../ops/matmul.ts";
import { expand, matrixTranspose } from "../ops/movement.ts";
import { reduceMean } from "../ops/reduce.ts";
import { staticShape } from "../tensor/shape.ts";
import { FAMILIES, type Family } from "./families.ts";

/** A projection of one dimension of a matrix onto `rank` numbers. */
export interface Projection {
  /** The dimension of the matrix that is projected. */
  readonly side: "rows" | "columns";
  readonly rank: number;
  /** The size of that dimension: A is [rank, dimension]. */
  readonly dimension: number;
  readonly family: Family;
}

/** The shape of a compressed [n, m] matrix. */
export const compressedShape = (
  [rows = 0, columns = 0]: readonly number[],
  { side, rank }: Projection,
): readonly [number, number] => (side === "rows" ? [rank, columns] : [rows, rank]);

/** C, from G and A. */
export const compress = (g: Value, a: Value, { side }: Projection): Value =>
  side === "rows" ? matmul(a, g) : matmul(g, matrixTranspose(a));

/** Ĝ, from C and A. */
export const decompress = (c: Value, a: Value, { side }: Projection): Value =>
  side === "rows" ? matmul(matrixTranspose(a), c) : matmul(c, a);

/** E‖Ĝ - G‖² / ‖G‖². */
export const squaredError = ({ family, rank, dimension }: Projection): number =>
  FAMILIES[family].squaredError(rank, dimension);

/** The projection matrix, which whoever has a projection was given. */
export function matrixOf(a: Value | undefined): Value {
  if (a) return a;
  throw new Error("internal: a projection without its matrix");
}

/**
 * C expressed under another projection, without the matrix between them: M A_old A_newᵀ (Algorithm 2). The old matrix undoes,
 * the new one compresses again.
 */
export const transfer = (c: Value, from: Value, to: Value, projection: Projection): Value =>
  compress(decompress(c, from, projection), to, projection);

/** The mean over the projected axis, in place of every element. */
export function transferMean(c: Value, { side }: Projection): Value {
  const axis = side === "rows" ? 0 : 1;
  return expand(reduceMean(c, { axes: [axis], keepDims: true }), staticShape("transfer", c.shape));
}

/**
 * The smallest number of steps between projections for which the momentum stays bounded. A transfer multiplies its norm by
 * about √(1 + error), and in between it decays by `decay` a step: decay^κ √(1 + error) < 1.
 */
export const smallestSafeInterval = (projection: Projection, decay: number): number =>
  Math.floor(Math.log1p(squaredError(projection)) / (-2 * Math.log(decay))) + 1;
