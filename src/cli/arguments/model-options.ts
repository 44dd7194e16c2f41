/** @file The options of commands that run a model: where it is, and how it is run. */

import type { ModelNames } from "../../hub/index.ts";
import { DEVICES } from "../../runtime/device-options.ts";
import { openRuntime } from "../../runtime/device.ts";
import type { Runtime } from "../../runtime/runtime.ts";
import type { CommandHelp } from "./help.ts";
import type { OptionTable } from "../../options/tables/option.ts";
import { type ParsedOptions, required } from "./options.ts";

export const modelOptions: OptionTable = {
  model: {
    kind: "text",
    value: "DIR",
    help: "a directory that flora or Hugging Face saved, a GGUF file, or owner/name on the Hub",
  },
  adapter: {
    kind: "text",
    value: "DIR",
    help: "an adapter that flora or peft saved, here or on the Hub; without --model, its base is loaded",
  },
};

/** What computes. */
export const runtimeOptions: OptionTable = {
  device: {
    kind: "choice",
    choices: DEVICES,
    default: "auto",
    help: "what computes: native kernels on the CPU, or WebAssembly; auto takes the CPU where it can",
  },

  threads: { kind: "integer", above: 0, help: "threads of an operator; one per core if absent" },
};

/** The model and its adapter as they were named: what `fetchModels` makes directories of. */
export function modelNames(options: ParsedOptions, help: CommandHelp): ModelNames {
  const adapter = options.text("adapter");
  const directory =
    adapter === undefined ? required(options, "model", help) : options.text("model");
  return { directory, adapter };
}

/** @throws {UsageError} if the device is not to be had. */
export async function chosenRuntime(options: ParsedOptions): Promise<Runtime> {
  const device = DEVICES.find((each) => each === options.text("device"));
  return openRuntime({ device, threads: options.number("threads") });
}
