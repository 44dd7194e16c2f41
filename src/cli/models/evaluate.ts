/** @file `flora evaluate`: how good a model is on data that it has not seen. */

import { UsageError } from "../../errors.ts";
import { parseConfig } from "../../options/config.ts";
import type { OptionTable } from "../../options/tables/option.ts";
import type { ModelEvaluation } from "../../train/evaluation/evaluate-model.ts";
import type { CommandHelp } from "../arguments/help.ts";
import { modelOptions } from "../arguments/model-options.ts";
import { readRunOptions } from "../arguments/run-config.ts";
import { fetchInputs } from "../inputs/fetch-run.ts";
import { fetchModels } from "../inputs/fetch.ts";
import { runContext } from "../inputs/run-context.ts";
import { formatCount, formatPercent } from "../terminal/format.ts";
import { formatTable, truncate, truncateStart } from "../terminal/layout.ts";
import { formatLoss } from "../terminal/progress.ts";
import { createStyle } from "../terminal/style.ts";
import { standardOutput } from "../terminal/terminal.ts";

const OPTIONS: OptionTable = {
  ...(modelOptions["adapter"] && { adapter: modelOptions["adapter"] }),
  data: { kind: "text", value: "FILE", help: "what the model is evaluated on" },
  answers: {
    kind: "integer",
    min: 0,
    default: 100,
    help: "prompts that are answered, for BLEU, ROUGE and the share that is right to the letter",
  },
  json: { kind: "flag", help: "print the result as JSON" },
};

export const help: CommandHelp = {
  usage: "evaluate --model DIR [--adapter DIR] --data FILE [--option value ...] [--json]",
  summary: "measure a model: loss, perplexity, and its answers beside the right ones",
  details: ["Takes the options of flora train that say what data are and how they are read."],
  options: OPTIONS,
  takesRun: true,
  examples: [
    "flora evaluate --model runs/assistant --data held-out.jsonl",
    "flora evaluate --adapter runs/lora --data held-out.jsonl --answers 0 --json",
  ],
};

/** All batches. */
const EVERYTHING = 1e6;

/** Runs the command; returns the exit code. */
export async function run(words: readonly string[]): Promise<number> {
  const { options, dataset, own } = await readRunOptions(words, OPTIONS);
  const adapter = own.text("adapter");
  const given = own.text("data") ?? options.validation ?? options.train;
  if (given === undefined && dataset === undefined) {
    throw new UsageError("--data: must be given", { hint: `flora ${help.usage}` });
  }
  if (adapter === undefined && typeof options.model !== "string") {
    throw new UsageError("--model: must be given, or an adapter", { hint: `flora ${help.usage}` });
  }
  const inputs = await fetchInputs({ ...options, train: given, validation: undefined }, dataset);
  const directory = typeof inputs.model === "string" ? inputs.model : undefined;
  const names = await fetchModels({ directory, adapter });
  const answers = own.number("answers") ?? 0;
  const config = parseConfig({
    ...inputs,
    ...(names.directory !== undefined && { model: names.directory }),
    validation: inputs.train,
    evaluationBatches: EVERYTHING,
    translations: answers,
    tooLong: inputs.tooLong ?? "drop",
  });
  const { evaluateModel } = await import("../../train/evaluation/evaluate-model.ts");
  const context = await runContext(config);
  const found = await evaluateModel(config, context, { adapter: names.adapter, answers });
  const output = standardOutput();
  const lines = own.flag("json")
    ? [JSON.stringify(found)]
    : report(found, config.train ?? [], output);
  output.write(`${lines.join("\n")}\n`);
  return 0;
}

function report(
  { loss, perplexity, accuracy, tokens, answers }: ModelEvaluation,
  names: readonly string[],
  { width, color }: { readonly width: number; readonly color: boolean },
): readonly string[] {
  const { bold, dim, green } = createStyle(color);
  const oneLine = (text: string) => text.replaceAll(/\s+/g, " ").trim();
  const { rouge1 = 0, rouge2 = 0, rougeL = 0 } = answers?.rouge ?? {};
  const rouges = [rouge1, rouge2, rougeL].map((f) => f.toFixed(1)).join(" / ");
  const facts = [
    ["data", names.join(", ")],
    ["loss", `${formatLoss(loss)} over ${formatCount(tokens)} tokens`],
    ["perplexity", perplexity.toFixed(2)],
    ["accuracy", formatPercent(accuracy)],
    ...(answers
      ? [
          ["answers", formatCount(answers.count)],
          ["exact", formatPercent(answers.exact)],
          ["BLEU", answers.bleu.toFixed(1)],
          ["ROUGE-1/2/L", rouges],
        ]
      : []),
  ];
  const samples = (answers?.samples ?? []).flatMap(({ prompt, target, output }) => {
    const got = truncate(oneLine(output) || "(nothing)", width - 12);
    return [
      "",
      `  ${dim("prompt")}    ${truncateStart(oneLine(prompt), width - 12)}`,
      `  ${dim("expected")}  ${truncate(oneLine(target), width - 12)}`,
      `  ${dim("got")}       ${output.trim() === target.trim() ? green(got) : got}`,
    ];
  });
  return [
    ...formatTable(facts).map((line) => bold(line.slice(0, 11)) + line.slice(11)),
    ...samples,
  ];
}
