/** @file When a run looks at what is held out: by steps, by minutes, or at once when training losses are alarming. */

import type { TrainConfig } from "../../options/config.ts";
import type { Judge } from "./judge.ts";

/** A minute. */
export const MINUTE_MS = 60_000;

/** What evaluations may take, as a share of the time of training. */
const TIME_SHARE = 0.1;
/** An evaluated batch costs a third of a trained one: there is no backward pass, which takes two forward ones. */
const COST_OF_EVALUATED = 1 / 3;
const MOST_EVALUATIONS = 10;
const FEWEST_EVALUATIONS = 3;

/** An alarm that was heard is not heard again at once. */
const STEPS_BETWEEN_ALARMS = 5;

type Options = Pick<
  TrainConfig,
  "evaluateEvery" | "evaluateMinutes" | "evaluationBatches" | "microSteps" | "syncEvery"
>;

/**
 * Batches of an evaluation, of those that there are: all where somebody said how many, and otherwise as many as leave time for the fewest
 * evaluations of a run, and for the one before it.
 */
export function evaluatedBatches(
  { evaluationBatches, microSteps }: Pick<Options, "evaluationBatches" | "microSteps">,
  { totalSteps, batches }: Pick<Situation, "batches" | "totalSteps">,
): number {
  if (evaluationBatches !== undefined) return batches;
  const each = affordableBatches(totalSteps * microSteps) / (FEWEST_EVALUATIONS + 1);
  return Math.min(batches, Math.max(1, Math.floor(each)));
}

/**
 * Steps between evaluations. Where none are given, by counting what evaluations cost: a clock would make the model that is kept depend
 * on the day.
 */
export function evaluationInterval(
  { evaluateEvery, microSteps, syncEvery }: Options,
  { totalSteps, batches }: Pick<Situation, "batches" | "totalSteps">,
): number {
  if (evaluateEvery > 0) return evaluateEvery;
  // Of which one is before the first step.
  const affordable = Math.floor(affordableBatches(totalSteps * microSteps) / batches) - 1;
  const count = Math.min(Math.max(affordable, FEWEST_EVALUATIONS), MOST_EVALUATIONS);
  return Math.ceil(totalSteps / count / syncEvery) * syncEvery;
}

/** Evaluated batches that there is time for in a run of so many trained ones. */
const affordableBatches = (trained: number): number => (TIME_SHARE * trained) / COST_OF_EVALUATED;

export interface EvaluationTimes {
  /** Steps between evaluations; those by minutes aside. */
  readonly interval: number;
  /** Whether one is due after so many steps and milliseconds. */
  isDue(step: number, elapsedMs: number): boolean;
  /** Hears of one. */
  done(step: number, elapsedMs: number): void;
}

export function evaluationTimes(
  options: Options,
  { startStep, judge, ...counts }: Situation,
): EvaluationTimes {
  const { evaluateMinutes } = options;
  const interval = evaluationInterval(options, counts);
  let last = { step: startStep, elapsedMs: 0 };
  return {
    interval,
    isDue(step, elapsedMs) {
      if (judge.isAlarmed() && step - last.step >= STEPS_BETWEEN_ALARMS) return true;
      return evaluateMinutes === undefined
        ? step % interval === 0
        : elapsedMs - last.elapsedMs >= evaluateMinutes * MINUTE_MS;
    },
    done(step, elapsedMs) {
      last = { step, elapsedMs };
    },
  };
}

interface Situation {
  readonly totalSteps: number;
  /** Of an evaluation. */
  readonly batches: number;
  readonly startStep: number;
  readonly judge: Judge;
}
