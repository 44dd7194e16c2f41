/**
 * @file Adam (Kingma & Ba, ICLR 2015, arXiv:1412.6980) and AdamW (Loshchilov & Hutter, ICLR 2019, arXiv:1711.05101).
 *
 *   m ← β₁ m + (1 - β₁) g
 *   v ← β₂ v + (1 - β₂) g²
 *   u = m̂ / (√v̂ + ε),   m̂ = m / (1 - β₁ᵗ),  v̂ = v / (1 - β₂ᵗ)
 */

import { tensorAt } from "../graph/tensors.ts";
import { add, div, mul, scale, shift, sqrt } from "../ops/elementwise.ts";
import { everywhere, type OptimizerDefinition } from "./optimizer.ts";
import {
  addDecayedWeights,
  chain,
  descent,
  type GradientTransformation,
  scaleByLearningRate,
} from "./transform.ts";

/** Adam's constants. */
export interface AdamOptions {
  /** β₁, 0.9 by default. */
  readonly b1?: number;
  /** β₂, 0.999 by default. */
  readonly b2?: number;
  /** ε, 1e-8 by default. */
  readonly eps?: number;
}

/** Adam: Kingma & Ba, 2015, arXiv:1412.6980. */
export const adam = (options: AdamOptions = {}): GradientTransformation =>
  chain(scaleByAdam(options), scaleByLearningRate());

/** Adam with decoupled weight decay: Loshchilov & Hutter, 2019, arXiv:1711.05101. */
export const adamw = (
  options: AdamOptions & { readonly weightDecay: number; readonly minAxes?: number },
): GradientTransformation =>
  chain(
    scaleByAdam(options),
    addDecayedWeights(options.weightDecay, options.minAxes),
    scaleByLearningRate(),
  );

/** Adam's direction, without a learning rate. */
export function scaleByAdam({
  b1 = 0.9,
  b2 = 0.999,
  eps = 1e-8,
}: AdamOptions = {}): GradientTransformation {
  return {
    init: (shape) => ({ mu: { shape, initial: 0 }, nu: { shape, initial: 0 } }),
    // Moved as the first moment is, the second could turn negative.
    transfers: { mu: "move", nu: "mean" },
    decay: b1,
    adam: { b1, b2, eps },
    update(gradient, state, { stepScalar }) {
      const mu = add(scale(tensorAt(state, "mu"), b1), scale(gradient, 1 - b1));
      const square = mul(gradient, gradient);
      const nu = add(scale(tensorAt(state, "nu"), b2), scale(square, 1 - b2));
      const meanScale = stepScalar(`adam.mean.${b1}`, (step) => 1 / (1 - b1 ** step));
      const rootScale = stepScalar(`adam.root.${b2}`, (step) => 1 / Math.sqrt(1 - b2 ** step));
      const deviation = shift(mul(sqrt(nu), rootScale), eps);
      return { update: div(mul(mu, meanScale), deviation), state: { mu, nu } };
    },
  };
}

const HYPERPARAMETERS: OptimizerDefinition["hyperparameters"] = {
  b1: { default: 0.9, min: 0, below: 1, help: "decay of the first moment" },
  b2: { default: 0.999, min: 0, below: 1, help: "decay of the second moment" },
  eps: { default: 1e-8, min: 0, help: "added to the root of the second moment" },
};

export const ADAM: OptimizerDefinition = {
  help: "Adam",
  usualRates: { width: 576, scratch: 1e-3, tuning: 1e-4, adapters: 1e-3 },
  hyperparameters: HYPERPARAMETERS,
  build: (options, weightDecay) => everywhere(descent(scaleByAdam(options), weightDecay)),
};

export const ADAMW: OptimizerDefinition = {
  ...ADAM,
  help: "Adam with decoupled weight decay",
  usualDecay: 0.01,
};
