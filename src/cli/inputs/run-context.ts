/** @file What the commands that train give a run: the CPU of this machine, and Node. */

import type { RunContext } from "../../train/setup/run.ts";
import { nodeHost } from "../../host/node.ts";
import type { TrainConfig } from "../../options/config.ts";

export async function runContext({ threads }: Pick<TrainConfig, "threads">): Promise<RunContext> {
  const { cpuRuntime } = await import("../../runtime/node.ts");
  return { runtime: cpuRuntime(threads === undefined ? {} : { threads }), host: nodeHost() };
}
