/**
 * @file Stochastic gradient descent, plain and with heavy-ball or Nesterov momentum.
 *
 *   m ← μ m + g
 *   u = -η m,   with Nesterov  u = -η (g + μ m)
 */

import { tensorAt } from "../graph/tensors.ts";
import { add, scale } from "../ops/elementwise.ts";
import { everywhere, type OptimizerDefinition } from "./optimizer.ts";
import {
  chain,
  descent,
  type GradientTransformation,
  identity,
  scaleByLearningRate,
} from "./transform.ts";

/** Plain gradient descent. */
export const sgd = (): GradientTransformation => scaleByLearningRate();

/** Momentum's constants. */
export interface SgdMomentumOptions {
  /** μ, 0.9 by default. */
  readonly decay?: number;
  readonly nesterov?: boolean;
}

/** Gradient descent with heavy-ball momentum, or Nesterov's. */
export const sgdMomentum = (options: SgdMomentumOptions = {}): GradientTransformation =>
  chain(trace(options), scaleByLearningRate());

/** The decaying sum of gradients. */
export function trace({
  decay = 0.9,
  nesterov = false,
}: SgdMomentumOptions): GradientTransformation {
  return {
    init: (shape) => ({ trace: { shape, initial: 0 } }),
    transfers: { trace: "move" },
    decay,
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
    transfers: { mean: "move" },
    decay,
    update(gradient, state) {
      const mean = add(scale(tensorAt(state, "mean"), decay), scale(gradient, 1 - decay));
      return { update: mean, state: { mean } };
    },
  };
}

export const SGD: OptimizerDefinition = {
  help: "stochastic gradient descent",
  usualRates: { scratch: 0.3, tuning: 0.1, adapters: 0.1 },
  hyperparameters: {},
  build: (_, weightDecay) => everywhere(descent(identity(), weightDecay)),
};

export const MOMENTUM: OptimizerDefinition = {
  help: "gradient descent with heavy-ball momentum",
  usualRates: { scratch: 0.05, tuning: 0.05, adapters: 0.05 },
  hyperparameters: { decay: { default: 0.9, min: 0, below: 1, help: "decay of the momentum" } },
  build: (options, weightDecay) => everywhere(descent(trace(options), weightDecay)),
};
