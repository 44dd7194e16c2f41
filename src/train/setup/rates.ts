/**
 * @file The learning rate of each step, and the step that the optimizer counts: both start over where a merge restarts them.
 *
 *   prune and warm up   η(step) min(1, k / W)         k steps since the last merge, W steps of warm-up
 *   restart             the schedule of a run that is as long as a cycle, in each cycle
 */

import type { MergeSchedule } from "./merge-schedule.ts";
import type { RunInputs } from "./inputs.ts";
import { schedule } from "../../optim/schedule.ts";
import type { SettledConfig } from "../choices/settle.ts";

export interface StepRate {
  readonly learningRate: number;
  /** Counted from 1. */
  readonly optimizerStep: number;
}

/** Steps of warm-up where none are given: a twentieth of the run, so that the first steps of Adam, whose second moment is noise, are small. */
export const usualWarmup = (totalSteps: number): number =>
  Math.min(LONGEST_WARMUP, Math.floor(totalSteps / 20));

const LONGEST_WARMUP = 100;

/** Rates by the number of steps done. */
export function createRates(
  config: Pick<SettledConfig, "learningRate" | "schedule" | "warmupSteps">,
  totalSteps: number,
  merges: MergeSchedule | undefined,
  own: Pick<RunInputs, "schedule"> = {},
): (step: number) => StepRate {
  const { schedule: name, learningRate: peak, warmupSteps = usualWarmup(totalSteps) } = config;
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
  const length = Math.min(every, totalSteps);
  const ofCycle = config.warmupSteps ?? usualWarmup(length);
  const cycle = own.schedule ?? schedule(name, { warmupSteps: ofCycle, totalSteps: length });
  return (step) => ({
    learningRate: peak * cycle(step % every),
    optimizerStep: (step % every) + 1,
  });
}
