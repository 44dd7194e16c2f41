/** @file A matrix whose columns, or rows, are scaled to length 1: steepest descent where maps are measured by the longest of their columns. */

import { scalarLike, type Value } from "../../graph/value.ts";
import { div, equal, sqrt, where } from "../../ops/elementwise.ts";
import { sumSquares } from "../../ops/reduce.ts";

/**
 * x / ‖x‖ along an axis; what is zero stays zero.
 *
 * @param x - [n, m]
 * @param axis - over which the norms are taken: 0 for columns of length 1, 1 for rows
 * @returns [n, m]
 */
export function unitAlong(x: Value, axis: 0 | 1): Value {
  const norm = sqrt(sumSquares(x, { axes: [axis], keepDims: true })); // [1, m] or [n, 1]
  return div(x, where(equal(norm, scalarLike(norm, 0)), scalarLike(norm, 1), norm));
}
