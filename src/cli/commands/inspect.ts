/** @file `flora inspect`: data as a model sees them, before anything is trained. */

import { UsageError } from "../../errors.ts";
import type { OptionTable } from "../../options/tables/option.ts";
import type { CommandHelp } from "../arguments/help.ts";
import { readRunOptions } from "../arguments/run-config.ts";
import { parseConfig } from "../../options/config.ts";
import { withEarlierRun } from "../inputs/earlier-run.ts";
import { fetchInputs, fetchSettings } from "../inputs/fetch-run.ts";
import { runContext } from "../inputs/run-context.ts";
import { inspection } from "../reports/inspection.ts";
import { standardOutput } from "../terminal/terminal.ts";

const OPTIONS: OptionTable = {
  examples: { kind: "integer", min: 0, default: 3, help: "examples that are shown" },
};

export const help: CommandHelp = {
  usage: "inspect [config.yaml] --train FILE --model DIR [--option value ...]",
  summary: "show examples as the model sees them, what of them is learned, and how long they are",
  details: [
    "Takes the options of flora train. Nothing is trained, and no weights are read.",
    "What is learned is green, or stands between » and «.",
  ],
  options: OPTIONS,
  takesRun: true,
  examples: [
    "flora inspect --train chats.jsonl --model HuggingFaceTB/SmolLM2-135M-Instruct",
    "flora inspect flora.yaml --examples 1",
  ],
};

/** Runs the command; returns the exit code. */
export async function run(words: readonly string[]): Promise<number> {
  const { options: given, dataset, own } = await readRunOptions(words, OPTIONS);
  const options = await withEarlierRun(given);
  const { model: named, ...rest } = options;
  // Weights are not fetched.
  const { model } = await fetchSettings(parseConfig(options));
  const inputs = await fetchInputs(rest, dataset);
  const config = parseConfig({ ...inputs, ...(named !== undefined && { model }) });
  const { gather } = await import("../../train/setup/prepare.ts");
  const { tokenizer, data, base } = await gather(config, await runContext(config));
  if (!tokenizer) throw new UsageError("inspect: images are to be looked at as they are");
  const output = standardOutput();
  const lines = inspection(
    { tokenizer, data, task: base.task, classes: base.labels },
    { examples: own.number("examples") ?? 0, width: output.width, color: output.color },
  );
  output.write(`${lines.join("\n")}\n`);
  return 0;
}
