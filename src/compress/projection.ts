/**
 * @file Random projections of gradients, and what they cost and lose (Hao, Cao & Mou, ICML 2024, arXiv:2402.03293).
 *
 *   columns   C = G Aᵀ   [n, r],   Ĝ = C A        A [r, m]
 *   rows      C = A G    [r, m],   Ĝ = Aᵀ C       A [r, n]
 *
 * With E[Aᵀ A] = I the estimate Ĝ is unbiased, and with m the projected dimension E‖Ĝ - G‖² = error ‖G‖²:
 *
 *   gaussian (m + 1)/r      rademacher (m - 1)/r      orthonormal, coordinates m/r - 1
 *
 * Of a choice of coordinates A has √(m/r) once in every row; in memory it is the indices [r] of these places, as whole numbers in float32. No
 * product is taken with it: columns of G are gathered, and so are those of X or dY of which G is the product (`ops/passes/reassociate.ts`).
 */

import { constant, type Value } from "../graph/value.ts";
import { matmul } from "../ops/matmul.ts";
import { cast, scale } from "../ops/elementwise.ts";
import { gather, scatterElementsAdd } from "../ops/indexing.ts";
import { concat, expand, fill, matrixTranspose } from "../ops/movement.ts";
import { reduceMean } from "../ops/reduce.ts";
import { float32 } from "../tensor/host-tensor.ts";
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

/** The shape of A in memory. */
export const matrixShape = ({ family, rank, dimension }: Projection): readonly number[] =>
  FAMILIES[family].isChoice ? [rank] : [rank, dimension];

/** √(m/r), which is what A does to the norm of what it decompresses: exactly, or, of independent entries, about. */
const growth = ({ rank, dimension }: Projection): number => Math.sqrt(dimension / rank);

/** C, from G and A. */
export function compress(g: Value, a: Value, projection: Projection): Value {
  const isOfRows = projection.side === "rows";
  if (FAMILIES[projection.family].isChoice) {
    return scale(gather(g, cast(a, "int32"), isOfRows ? 0 : 1), growth(projection));
  }
  return isOfRows ? matmul(a, g) : matmul(g, matrixTranspose(a));
}

/** Ĝ, from C and A. */
export const decompress = (c: Value, a: Value, projection: Projection): Value =>
  FAMILIES[projection.family].isChoice
    ? spread(scale(c, growth(projection)), a, projection)
    : product(c, a, projection);

/** Ĝ of the norm of C: Ĝ from C and A √(r/m). */
export const decompressIsometric = (c: Value, a: Value, projection: Projection): Value =>
  FAMILIES[projection.family].isChoice
    ? spread(c, a, projection)
    : product(c, scale(a, 1 / growth(projection)), projection);

const product = (c: Value, a: Value, { side }: Projection): Value =>
  side === "rows" ? matmul(matrixTranspose(a), c) : matmul(c, a);

/** C where it was chosen, and zeros elsewhere. */
const spread = (c: Value, chosen: Value, projection: Projection): Value =>
  projection.side === "rows"
    ? spreadRows(c, chosen, projection)
    : matrixTranspose(spreadRows(matrixTranspose(c), chosen, projection));

/** Rows [r, m] at their places in [n, m]: gathered, since scattering is slow. */
function spreadRows(c: Value, chosen: Value, { rank, dimension }: Projection): Value {
  const [, width = 0] = staticShape("projection", c.shape);
  // The row of zeros that stands after those of C, or the row of C that belongs here.
  const none = fill(chosen, rank, [dimension]);
  const offsets = constant(
    float32(
      [rank],
      Float32Array.from({ length: rank }, (_, i) => i - rank),
    ),
  );
  const sources = scatterElementsAdd(none, cast(chosen, "int32"), offsets, 0);
  return gather(concat([c, fill(c, 0, [1, width])], 0), cast(sources, "int32")); // [n, m]
}

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
