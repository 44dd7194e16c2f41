/** @file The base optimizers by name. */

import { adafactor } from "./adafactor.ts";
import { scaleByAdam } from "./adam.ts";
import { trace } from "./sgd.ts";
import { descent, type GradientTransformation } from "./transform.ts";

export type OptimizerName = "sgd" | "momentum" | "adam" | "adamw" | "adafactor";

interface BaseOptimizer {
  readonly usualRate: number;
  build(weightDecay: number): GradientTransformation;
}

/** What AdamW decays by when it is not told. */
export const ADAMW_DECAY = 0.01;

const OPTIMIZERS: Readonly<Record<OptimizerName, BaseOptimizer>> = {
  sgd: { usualRate: 0.1, build: (weightDecay) => descent([], weightDecay) },
  momentum: { usualRate: 0.05, build: (weightDecay) => descent([trace({})], weightDecay) },
  adam: { usualRate: 1e-3, build: (weightDecay) => descent([scaleByAdam()], weightDecay) },
  adamw: {
    usualRate: 1e-3,
    build: (weightDecay) => descent([scaleByAdam()], weightDecay || ADAMW_DECAY),
  },
  adafactor: { usualRate: 2e-2, build: (weightDecay) => adafactor({ weightDecay }) },
};

export const baseOptimizer = (name: OptimizerName, weightDecay: number): GradientTransformation =>
  OPTIMIZERS[name].build(weightDecay);

/** The learning rate to start from when none is given. */
export const usualLearningRate = (name: OptimizerName): number => OPTIMIZERS[name].usualRate;
