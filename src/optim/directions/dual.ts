/**
 * @file Least squares in a graph: what a matrix is multiplied with to have it as combinations of given rows, as nearly as can be.
 *
 *   W = (X Xᵀ)⁻¹ X,   G ≈ (G Wᵀ) X
 *
 * With X = D U, rows of U of length 1, and the polar factor [Q₁, Q₂] of [U, √δ I], which is (U Uᵀ + δ I)^-½ [U, √δ I]:
 *
 *   (U Uᵀ + δ I)⁻¹ U = Q₂ᵀ Q₁ / √δ,   W = D⁻¹ (U Uᵀ + δ I)⁻¹ U
 *
 * So nothing is inverted whose condition is the square of U's. Newton's iteration for that inverse diverges in float32 where the condition is
 * 1e6; this one is off by what δ and float32 leave of it, 1e-4.
 */

import { scalarLike, type Value } from "../../graph/value.ts";
import { div, equal, scale, sqrt, where } from "../../ops/elementwise.ts";
import { matmul } from "../../ops/matmul.ts";
import { concat, matrixTranspose, slice } from "../../ops/movement.ts";
import { sumSquares } from "../../ops/reduce.ts";
import { staticShape } from "../../tensor/shape.ts";
import { identityMatrix, polarFactor } from "./polar.ts";

/** δ */
const DAMPING = 1e-6;

/**
 * W, damped where rows are nearly dependent; of rows of zeros it has rows of zeros.
 *
 * @param rows - X [r, s]
 * @returns [r, s]
 */
export function dualRows(rows: Value): Value {
  const [rank = 0, size = 0] = staticShape("dual rows", rows.shape);
  const norms = sqrt(sumSquares(rows, { axes: [1], keepDims: true })); // [r, 1]
  const lengths = where(equal(norms, scalarLike(norms, 0)), scalarLike(norms, 1), norms);
  const damping = scale(identityMatrix(rank), Math.sqrt(DAMPING));
  const factor = polarFactor(concat([div(rows, lengths), damping], 1)); // [r, s + r]
  const own = slice(factor, { axis: 1, start: 0, end: size });
  const root = slice(factor, { axis: 1, start: size, end: size + rank });
  return div(matmul(matrixTranspose(root), own), scale(lengths, Math.sqrt(DAMPING)));
}
