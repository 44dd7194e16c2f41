/** @file `flora memory`: what a run would take, without running it. */

import { nodeHost } from "../../host/node.ts";
import { fetchSettings } from "../inputs/fetch.ts";
import type { CommandHelp } from "../arguments/help.ts";
import { indent } from "../terminal/layout.ts";
import { formatPrediction } from "../reports/memory-table.ts";
import { formatPlan } from "../reports/plan-table.ts";
import { readRunConfig } from "../arguments/run-config.ts";
import { standardOutput } from "../terminal/terminal.ts";

export const help: CommandHelp = {
  usage: "memory [config.yaml] [--option value ...] [--json]",
  summary: "predict the memory of a run, without running it",
  details: [
    "Takes the options of flora train. Data is not read: sequences count as long as the context.",
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
  const { config, own } = await readRunConfig(words, help.options);
  const { predictMemory } = await import("../../train/memory/memory.ts");
  const { table, parameters } = await predictMemory(nodeHost().files, await fetchSettings(config));
  const output = standardOutput();
  const lines = own.flag("json")
    ? [JSON.stringify({ memory: table, parameters }, undefined, 2)]
    : [
        "gradients -> what is kept of them, with the optimizer's state",
        ...indent(formatPlan(parameters, output.width - 2)),
        "",
        ...formatPrediction(table, output.width),
      ];
  output.write(`${lines.join("\n")}\n`);
  return 0;
}
