/**
 * @file An orthonormal basis of the rows of a matrix, in a graph: Gram and Schmidt's, each row twice, which is enough (Giraud, Langou & Rozložník,
 * "The loss of orthogonality in the Gram-Schmidt orthogonalization process", 2005). onnxruntime has no QR decomposition.
 *
 *   v ← x_j - (x_j Qᵀ) Q,   v ← v - (v Qᵀ) Q,   Q ← [Q; v / ‖v‖]          for j = 1 .. r
 *
 * It is the Qᵀ of a QR decomposition of Xᵀ whose R has a positive diagonal.
 */

import { scalarLike, type Value } from "../../graph/value.ts";
import { div, max, sqrt, sub } from "../../ops/elementwise.ts";
import { matmul } from "../../ops/matmul.ts";
import { concat, matrixTranspose, slice } from "../../ops/movement.ts";
import { sumSquares } from "../../ops/reduce.ts";
import { staticShape } from "../../tensor/shape.ts";

/** Below it a row is nothing. */
const SMALLEST_NORM = 1e-30;

/**
 * Orthonormal rows with the span of those given, in order: the first k have the span of the first k.
 *
 * @param rows - [r, s], r up to s, linearly independent
 * @returns [r, s]
 */
export function orthonormalRows(rows: Value): Value {
  const [rank = 0] = staticShape("orthonormal rows", rows.shape);
  let basis = unit(slice(rows, { axis: 0, start: 0, end: 1 }));
  for (let j = 1; j < rank; j++) {
    const own = slice(rows, { axis: 0, start: j, end: j + 1 }); // [1, s]
    const left = unit(without(without(own, basis), basis));
    basis = concat([basis, left], 0); // [j + 1, s]
  }
  return basis;
}

/** v [1, s] less what lies in the span of an orthonormal basis [j, s]. */
const without = (v: Value, basis: Value): Value =>
  sub(v, matmul(matmul(v, matrixTranspose(basis)), basis));

function unit(v: Value): Value {
  const norm = sqrt(sumSquares(v));
  return div(v, max(norm, scalarLike(norm, SMALLEST_NORM)));
}
