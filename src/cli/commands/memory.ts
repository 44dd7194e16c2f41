/** @file `flora memory`: what a run would take, without running it. */

import { nodeHost } from "../../host/node.ts";
import { parseConfig, type TrainConfig, type TrainOptions } from "../../options/config.ts";
import { elementCount } from "../../tensor/shape.ts";
import type { PredictedMemory } from "../../train/memory/memory.ts";
import { withEarlierRun } from "../inputs/earlier-run.ts";
import { fetchInputs, fetchSettings } from "../inputs/fetch-run.ts";
import { runContext } from "../inputs/run-context.ts";
import type { CommandHelp } from "../arguments/help.ts";
import { indent, wrap } from "../terminal/layout.ts";
import { formatPrediction } from "../reports/memory-table.ts";
import { formatPlan } from "../reports/plan-table.ts";
import { modelInWords } from "../reports/report.ts";
import { readRunOptions } from "../arguments/run-config.ts";
import { standardOutput } from "../terminal/terminal.ts";

export const help: CommandHelp = {
  usage: "memory [config.yaml] [--option value ...] [--json]",
  summary: "predict the memory of a run, without running it",
  details: [
    "Takes the options of flora train. Where they name data, it is read, and the longest batch counts; otherwise sequences count as long as the context.",
  ],
  options: { json: { kind: "flag", help: "print the tables as JSON, in bytes" } },
  takesRun: true,
  examples: [
    "flora memory --model openai-community/gpt2 --rank 128 --micro-steps 8",
    "flora memory --model.n_layer 12 --model.n_embd 768 --method dense --json",
  ],
};

/** Runs the command; returns the exit code. */
export async function run(words: readonly string[]): Promise<number> {
  const { options: given, dataset, own } = await readRunOptions(words, help.options);
  const { config, notes, predicted } = await predictedRun(await withEarlierRun(given), dataset);
  const { model, parameters, table } = predicted;
  const output = standardOutput();
  const { width } = output;
  const count = [...model.params.values()].reduce((sum, { shape }) => sum + elementCount(shape), 0);
  const lines = own.flag("json")
    ? [JSON.stringify({ memory: table, parameters }, undefined, 2)]
    : [
        `model  ${modelInWords(model.type, count, config)}`,
        ...notes.flatMap((note) => indent(wrap(note, width - 7), "       ")),
        "",
        "gradients -> what is kept of them, with the optimizer's state",
        ...indent(formatPlan(parameters, width - 2)),
        "",
        ...formatPrediction(table, width),
      ];
  output.write(`${lines.join("\n")}\n`);
  return 0;
}

interface PredictedRun {
  readonly config: TrainConfig;
  readonly predicted: PredictedMemory;
  /** Where the model comes from, if nobody named one. */
  readonly notes: readonly string[];
}

async function predictedRun(options: TrainOptions, dataset?: string): Promise<PredictedRun> {
  const config = parseConfig(options);
  const { memoryOf, predictMemory } = await import("../../train/memory/memory.ts");
  if ((config.train ?? dataset) !== undefined) {
    const inputs = parseConfig(await fetchInputs(options, dataset));
    const { gather } = await import("../../train/setup/prepare.ts");
    const parts = await gather(inputs, await runContext(inputs));
    return { config: parts.config, predicted: await memoryOf(parts), notes: parts.notes };
  }
  const fetched = await fetchSettings(config);
  const predicted = await predictMemory(nodeHost().files, fetched);
  return {
    config: fetched,
    predicted,
    notes: options.model === undefined ? [OF_DEMONSTRATION] : [],
  };
}

const OF_DEMONSTRATION =
  "that of flora train without options: name another, --model DIR, or give the data that one is to be made for, --train FILE";
