/**
 * @file Length and direction apart: Liu et al., "DoRA: Weight-Decomposed Low-Rank Adaptation", ICML 2024, arXiv:2402.09353, equation 5.
 *
 *   y = m / ‖W + s B A‖ ∘ (x Wᵀ + s (x Aᵀ) Bᵀ)      m [out]; ‖·‖ of the weights of each output, W [out, in]
 *
 * At first m = ‖W‖, so that the function is that of the base. The norm is a constant to the gradient (section 4.3 there).
 */

import { customVjp } from "../graph/op.ts";
import type { Value } from "../graph/value.ts";
import { add, mul, scale, sqrt } from "../ops/elementwise.ts";
import { matmul } from "../ops/matmul.ts";
import { matrixTranspose } from "../ops/movement.ts";
import { reduceSum } from "../ops/reduce.ts";

/** How B A is laid over a weight. */
export interface AdapterLayout {
  /** s */
  readonly scale: number;
  /** The axis of W along which its input is multiplied. */
  readonly inputAxis: 0 | 1;
}

/** W + s B A. */
export function adaptedWeight(w: Value, a: Value, b: Value, layout: AdapterLayout): Value {
  const { inputAxis } = layout;
  const product = inputAxis === 0 ? matmul(matrixTranspose(a), matrixTranspose(b)) : matmul(b, a);
  return add(w, scale(product, layout.scale));
}

/** ‖W‖ of each output, [out]. */
export const outputNorms = (w: Value, inputAxis: 0 | 1): Value =>
  sqrt(reduceSum(mul(w, w), { axes: [inputAxis] }));

/** ‖W + s B A‖ of each output, [out], which is a constant to the gradient. */
export function adaptedNorms(w: Value, a: Value, b: Value, layout: AdapterLayout): Value {
  const norms = customVjp<readonly [w: Value, a: Value, b: Value]>("adaptedNorms", {
    body: (inputs) => outputNorms(adaptedWeight(...inputs, layout), layout.inputAxis),
    vjp: () => [undefined, undefined, undefined],
  });
  return norms([w, a, b]);
}
