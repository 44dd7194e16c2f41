/** @file What the commands that train give a run: the CPU of this machine, and what Node knows of it. */

import type { TrainConfig } from "../../options/config.ts";
import type { RunContext } from "../../train/prepare.ts";

export async function runContext({ threads }: Pick<TrainConfig, "threads">): Promise<RunContext> {
  const { cpuRuntime } = await import("../../runtime/node.ts");
  return {
    runtime: cpuRuntime(threads === undefined ? {} : { threads }),
    host: {
      memory: {
        residentBytes: () => process.memoryUsage.rss(),
        peakBytes: () => process.resourceUsage().maxRSS * 1024,
      },
    },
  };
}
