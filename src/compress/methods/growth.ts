/**
 * @file What Fira and APOLLO scale gradients by, and the norm-growth limiter of Fira (Chen et al., NeurIPS 2025, arXiv:2410.01623), which APOLLO took over:
 * what is to be added may not be longer than γ times what was added in the last step.
 *
 *   growth   ‖D_j‖ / ‖C_j‖, or ‖D‖ / ‖C‖, of C in a subspace and what Adam makes of it, D
 *   limit    S ← S γ ν / ‖S‖   if ‖S‖ > γ ν and ν > 0;      ν ← ‖S‖,  γ = 1.01
 */

import { type Tensors, tensorAt } from "../../graph/tensors.ts";
import { scalarLike, type Value } from "../../graph/value.ts";
import { div, equal, max, min, mul, scale, sqrt, where } from "../../ops/elementwise.ts";
import { sumSquares } from "../../ops/reduce.ts";
import type { StateSpec } from "../../optim/transform.ts";
import type { Projection } from "../projection.ts";

/** What a gradient is scaled by: a number for each of its columns, or rows, or one for all. */
export type Growth = (update: Value, compressed: Value, projection: Projection) => Value;

/** ‖D_j‖ / ‖C_j‖ over the projected axis: [1, m], or [n, 1]; 0 where there is no gradient. */
export const growthByChannel: Growth = (update, compressed, { side }) => {
  const axes = [side === "rows" ? 0 : 1];
  const norm = (x: Value): Value => sqrt(sumSquares(x, { axes, keepDims: true }));
  return ratio(norm(update), norm(compressed));
};

/** ‖D‖ / ‖C‖, [] */
export const growthOfAll: Growth = (update, compressed) =>
  ratio(sqrt(sumSquares(update)), sqrt(sumSquares(compressed)));

/** a / b, and 0 where b is. */
function ratio(a: Value, b: Value): Value {
  const zero = scalarLike(b, 0);
  const isZero = equal(b, zero);
  return where(isZero, zero, div(a, where(isZero, scalarLike(b, 1), b)));
}

/** γ. */
const GROWTH = 1.01;
/** Of a norm of 0 there is nothing to limit. */
const SMALLEST_NORM = 1e-30;

const NORM = "norm";

/** The norm of the last step, none at first. */
export const NORM_STATE: Readonly<Record<typeof NORM, StateSpec>> = {
  [NORM]: { shape: [], initial: 0 },
};

/** What is left of S [n, m] by the limiter, and the state after it. */
export function limitGrowth(
  s: Value,
  state: Tensors,
): { readonly limited: Value; readonly state: Tensors } {
  const last = tensorAt(state, NORM); // []
  const own = sqrt(sumSquares(s)); // []
  const isFirst = equal(last, scalarLike(last, 0));
  const norm = where(isFirst, own, min(own, scale(last, GROWTH)));
  const factor = div(norm, max(own, scalarLike(own, SMALLEST_NORM)));
  return { limited: mul(s, factor), state: { [NORM]: norm } };
}
