/** @file What the commands that train give a run: the CPU of this machine, and Node with its standard input. */

import type { RunContext } from "../../train/setup/run.ts";
import { nodeHost } from "../../host/node.ts";
import type { TrainConfig } from "../../options/config.ts";
import { withStandardInput } from "./standard-input.ts";

/** @throws {UsageError} as `withStandardInput` does. */
export async function runContext(
  config: Pick<TrainConfig, "threads" | "train" | "validation">,
): Promise<RunContext> {
  const { threads } = config;
  const host = nodeHost();
  const files = withStandardInput(host.files, config, process.stdin);
  const { cpuRuntime } = await import("../../runtime/node.ts");
  return {
    runtime: cpuRuntime(threads === undefined ? {} : { threads }),
    host: { ...host, files },
  };
}
