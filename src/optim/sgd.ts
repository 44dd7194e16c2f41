/**
 * @file Stochastic gradient descent, plain and with heavy-ball or Nesterov momentum.
 *
 *   m ← μ m + g
 *   u = -η m,   with Nesterov  u = -η (g + μ m)
 */

import { tensorAt } from "../graph/tensors.ts";
import { add, scale } from "../ops/elementwise.ts";
import { chain, type GradientTransformation, scaleByLearningRate } from "./transform.ts";

export const sgd = (): GradientTransformation => scaleByLearningRate();

export interface MomentumOptions {
  /** μ, 0.9 by default. */
  readonly decay?: number;
  readonly nesterov?: boolean;
}

export const sgdMomentum = (options: MomentumOptions = {}): GradientTransformation =>
  chain(trace(options), scaleByLearningRate());

/** The decaying sum of gradients. */
export function trace({ decay = 0.9, nesterov = false }: MomentumOptions): GradientTransformation {
  return {
    init: (shape) => ({ trace: { shape, initial: 0 } }),
    update(gradient, state) {
      const sum = add(scale(tensorAt(state, "trace"), decay), gradient);
      return {
        update: nesterov ? add(gradient, scale(sum, decay)) : sum,
        state: { trace: sum },
      };
    },
  };
}

/** The decaying mean of gradients, m ← β m + (1 - β) g. */
export function ema(decay: number): GradientTransformation {
  return {
    init: (shape) => ({ mean: { shape, initial: 0 } }),
    update(gradient, state) {
      const mean = add(scale(tensorAt(state, "mean"), decay), scale(gradient, 1 - decay));
      return { update: mean, state: { mean } };
    },
  };
}
