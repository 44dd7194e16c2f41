/** @file What the commands that train give a run: the CPU of this machine, and Node with its standard input. */

import type { RunContext } from "../../train/setup/run.ts";
import { nodeHost } from "../../host/node.ts";
import type { TrainConfig } from "../../options/config.ts";
import type { Collective } from "../../collective/index.ts";
import { threadsOf } from "./ranks.ts";
import { withStandardInput } from "./standard-input.ts";

/** @throws {UsageError} as `withStandardInput` does. */
export async function runContext(
  config: Pick<TrainConfig, "threads" | "train" | "validation">,
  collective?: Collective,
): Promise<RunContext> {
  const threads = config.threads ?? (collective && threadsOf(collective));
  const host = nodeHost();
  const files = withStandardInput(host.files, config, process.stdin);
  const { cpuRuntime } = await import("../../runtime/node.ts");
  return {
    runtime: cpuRuntime(threads === undefined ? {} : { threads }),
    host: { ...host, files },
    collective,
  };
}
