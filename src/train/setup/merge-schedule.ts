/** @file When a run merges its adapters. */

import { ADAPTER_FAMILY, isAdapterMethod, type AfterMerge } from "../../adapters/methods.ts";
import type { TrainConfig } from "../../options/train-config.ts";

/** When adapters are merged, and what becomes of the optimizer then. */
export interface MergeSchedule {
  /** Steps between merges. */
  readonly every: number;
  readonly after: AfterMerge;
  /** Steps of warm-up after a merge. */
  readonly warmupSteps: number;
}

/** At most a tenth of the time between two merges, as in the paper of ReLoRA: 100 of 1000 steps. */
const RESTART_WARMUP = 100;

/** The schedule of a run; undefined if its method does not merge. */
export function mergeSchedule(config: TrainConfig, totalSteps: number): MergeSchedule | undefined {
  if (!isAdapterMethod(config.method)) return undefined;
  const { merge } = ADAPTER_FAMILY[config.method];
  if (!merge) return undefined;
  const every = config.mergeEvery ?? Math.max(1, merge.every(totalSteps));
  const warmupSteps = config.restartWarmupSteps ?? Math.min(RESTART_WARMUP, Math.floor(every / 10));
  return { every, after: merge.after, warmupSteps };
}
