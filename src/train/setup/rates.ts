/**
 * @file The learning rate of each step, and the step that the optimizer counts: both start over where a merge restarts them.
 *
 *   prune and warm up   η(step) min(1, k / W)         k steps since the last merge, W steps of warm-up
 *   restart             the schedule of a run that is as long as a cycle, in each cycle
 */

import type { MergeSchedule } from "./merge-schedule.ts";
import type { RunInputs } from "./inputs.ts";
import { usualLearningRate } from "../../optim/registry.ts";
import { schedule } from "../../optim/schedule.ts";
import type { TrainConfig } from "../../options/config.ts";

export interface StepRate {
  readonly learningRate: number;
  /** Counted from 1. */
  readonly optimizerStep: number;
}

/** Rates by the number of steps done. */
export function createRates(
  { schedule: name, warmupSteps, learningRate, optimizer }: TrainConfig,
  totalSteps: number,
  merges: MergeSchedule | undefined,
  own: Pick<RunInputs, "optimizer" | "schedule"> = {},
): (step: number) => StepRate {
  const peak = learningRate ?? own.optimizer?.usualRate ?? usualLearningRate(optimizer);
  const whole = own.schedule ?? schedule(name, { warmupSteps, totalSteps });
  if (!merges) return (step) => ({ learningRate: peak * whole(step), optimizerStep: step + 1 });
  const { every, after, warmupSteps: restart } = merges;
  if (after === "prune and warm up") {
    return (step) => {
      const since = step % every;
      const warmth = step < every || since >= restart ? 1 : since / restart;
      return { learningRate: peak * whole(step) * warmth, optimizerStep: step + 1 };
    };
  }
  const cycle = schedule(name, { warmupSteps, totalSteps: Math.min(every, totalSteps) });
  return (step) => ({
    learningRate: peak * cycle(step % every),
    optimizerStep: (step % every) + 1,
  });
}
