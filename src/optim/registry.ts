/** @file The optimizers by name. */

import { UsageError } from "../errors.ts";
import type { Optimizer, OptimizerDefinition, UsualRates } from "./optimizer.ts";
import * as optimizers from "./optimizers.ts";

/** The names of the optimizers. */
export type OptimizerName = keyof typeof optimizers;

/** What each name stands for. */
export const OPTIMIZERS: Readonly<Record<OptimizerName, OptimizerDefinition>> = optimizers;

const isName = (name: string): name is OptimizerName => name in optimizers;

/** In the order of the alphabet. */
export const OPTIMIZER_NAMES: readonly OptimizerName[] = Object.keys(optimizers).filter(isName);

/** How an optimizer of a name differs from its usual form. */
export interface OptimizerOptions {
  /** The decoupled decay of matrices and embeddings; the optimizer's own if absent, and 0 is none. */
  readonly weightDecay?: number | undefined;
  /** Numbers of the optimizer's own; its defaults where they are absent. */
  readonly hyperparameters?: Readonly<Record<string, number>>;
  /** Parameters that are never decayed; vectors are not anyway. */
  readonly isSpared?: (name: string) => boolean;
}

/**
 * The optimizer of a name.
 *
 * @throws {UsageError} if it has no such hyper-parameter, or a number is out of range.
 */
export function namedOptimizer(
  name: OptimizerName,
  { weightDecay, hyperparameters = {}, isSpared }: OptimizerOptions = {},
): Optimizer {
  const definition = OPTIMIZERS[name];
  const known = definition.hyperparameters;
  for (const [own, value] of Object.entries(hyperparameters)) {
    const bounds = known[own];
    if (!bounds) {
      throw new UsageError(`hyperparameters: ${name} has no ${own}`, {
        hint: `it has ${Object.keys(known).join(", ") || "none"}`,
      });
    }
    const { min, below = Infinity } = bounds;
    if (value >= min && value < below) continue;
    const range = `at least ${min}${below === Infinity ? "" : ` and below ${below}`}`;
    throw new UsageError(`hyperparameters.${own}: must be a number ${range}; got ${value}`);
  }
  const numbers = Object.fromEntries(
    Object.entries(known).map(([own, { default: usual }]) => [own, hyperparameters[own] ?? usual]),
  );
  const decay = weightDecay ?? definition.usualDecay ?? 0;
  const { resampleEvery } = definition;
  const usualRate = definition.usualRates.scratch;
  const built = definition.build(numbers, decay);
  if (!isSpared) return { usualRate, resampleEvery, ...built };
  const { rules } = definition.build(numbers, 0);
  return {
    usualRate,
    resampleEvery,
    rules: {
      ...built.rules,
      ...Object.fromEntries(Object.entries(rules).map(([label, rule]) => [spared(label), rule])),
    },
    labelOf(param) {
      const label = built.labelOf(param);
      return isSpared(param.name) ? spared(label) : label;
    },
  };
}

const spared = (label: string): string => `${label}, not decayed`;

/** What of a model is trained, as far as rates depend on it. */
export type Trained = Exclude<keyof UsualRates, "width">;

/** How far rates follow the width of a model. */
const [LEAST_FACTOR, MOST_FACTOR] = [1 / 4, 10];

/**
 * The learning rate to start from when none is given, with one digit.
 *
 * @param width - of the model; that of the optimizer's own rates if absent
 */
export function usualLearningRate(name: OptimizerName, trained: Trained, width?: number): number {
  const { usualRates } = OPTIMIZERS[name];
  const rate = usualRates[trained];
  if (usualRates.width === undefined || width === undefined) return rate;
  const factor = Math.min(MOST_FACTOR, Math.max(LEAST_FACTOR, usualRates.width / width));
  return Number((rate * factor).toPrecision(1));
}
