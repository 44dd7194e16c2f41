/** @file The library on Node: what takes a runtime and a host has those of this process. */

import { cpuRuntime } from "./runtime/node.ts";
import {
  train as trainOn,
  type TrainConfig,
  type TrainContext,
  type TrainEvent,
} from "./train/index.ts";

/** Trains a model and saves it; see `flora-train/train`. */
export function train(
  config: TrainConfig,
  context: Partial<TrainContext> = {},
): AsyncGenerator<TrainEvent, void, undefined> {
  const { threads } = config;
  return trainOn(config, {
    runtime: cpuRuntime(threads === undefined ? {} : { threads }),
    host: {
      memory: {
        residentBytes: () => process.memoryUsage.rss(),
        peakBytes: () => process.resourceUsage().maxRSS * 1024,
      },
    },
    ...context,
  });
}
