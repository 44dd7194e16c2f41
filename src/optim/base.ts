/** @file The base optimizers by name. */

import { adafactor } from "./adafactor.ts";
import { scaleByAdam } from "./adam.ts";
import { trace } from "./sgd.ts";
import {
  addDecayedWeights,
  chain,
  type GradientTransformation,
  scaleByLearningRate,
} from "./transform.ts";

export type OptimizerName = "sgd" | "momentum" | "adam" | "adamw" | "adafactor";

interface BaseOptimizer {
  readonly usualRate: number;
  build(weightDecay: number): GradientTransformation;
}

/** Decay is decoupled and spares vectors: norms and biases. */
const decayed = (direction: readonly GradientTransformation[], weightDecay: number) =>
  chain(
    ...direction,
    ...(weightDecay === 0 ? [] : [addDecayedWeights(weightDecay, 2)]),
    scaleByLearningRate(),
  );

const OPTIMIZERS: Readonly<Record<OptimizerName, BaseOptimizer>> = {
  sgd: { usualRate: 0.1, build: (weightDecay) => decayed([], weightDecay) },
  momentum: { usualRate: 0.05, build: (weightDecay) => decayed([trace({})], weightDecay) },
  adam: { usualRate: 1e-3, build: (weightDecay) => decayed([scaleByAdam()], weightDecay) },
  adamw: { usualRate: 1e-3, build: (weightDecay) => decayed([scaleByAdam()], weightDecay || 0.01) },
  adafactor: { usualRate: 2e-2, build: (weightDecay) => adafactor({ weightDecay }) },
};

export const baseOptimizer = (name: OptimizerName, weightDecay: number): GradientTransformation =>
  OPTIMIZERS[name].build(weightDecay);

/** The learning rate to start from when none is given. */
export const usualLearningRate = (name: OptimizerName): number => OPTIMIZERS[name].usualRate;
