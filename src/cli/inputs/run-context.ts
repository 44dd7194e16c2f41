/** @file What the commands that train give a run: the device that is asked for, and Node with its standard input. */

import type { RunContext } from "../../train/setup/run.ts";
import { nodeHost } from "../../host/node.ts";
import type { TrainConfig } from "../../options/config.ts";
import { openRuntime } from "../../runtime/device.ts";
import type { Collective } from "../../collective/index.ts";
import { threadsOf } from "./ranks.ts";
import { withStandardInput } from "./standard-input.ts";

/** @throws {UsageError} as `openRuntime` and `withStandardInput` do. */
export async function runContext(
  config: Pick<TrainConfig, "device" | "threads" | "train" | "validation">,
  collective?: Collective,
): Promise<RunContext> {
  const threads = config.threads ?? (collective && threadsOf(collective));
  const host = nodeHost();
  const files = withStandardInput(host.files, config, process.stdin, collective);
  return {
    runtime: await openRuntime({ device: config.device, threads }),
    host: { ...host, files },
    collective,
  };
}
