/** @file `flora merge`: an adapter folded into its base, as an ordinary model. */

import { nodeHost } from "../../host/node.ts";
import { fetchModels } from "../inputs/fetch.ts";
import { formatCount } from "../terminal/format.ts";
import type { CommandHelp } from "../arguments/help.ts";
import { parseOptions, required } from "../arguments/options.ts";
import { standardOutput } from "../terminal/terminal.ts";

export const help: CommandHelp = {
  usage: "merge --adapter DIR --output DIR [--model DIR]",
  summary: "fold an adapter into its base model",
  options: {
    adapter: {
      kind: "text",
      value: "DIR",
      help: "an adapter that flora or peft saved, or one on the Hub",
    },
    output: { kind: "text", value: "DIR", help: "an empty directory for the merged model" },
    model: {
      kind: "text",
      value: "DIR",
      help: "the base model, here or on the Hub; the one that the adapter names if absent",
    },
  },
  examples: ["flora merge --adapter runs/lora --output runs/merged"],
};

/** Runs the command; returns the exit code. */
export async function run(words: readonly string[]): Promise<number> {
  const options = parseOptions(words, help.options ?? {});
  const adapter = required(options, "adapter", help);
  const output = required(options, "output", help);
  const names = await fetchModels({ directory: options.text("model"), adapter });
  const { mergeAdapter } = await import("../../train/output/merge-adapter.ts");
  const merged = await mergeAdapter(nodeHost().files, { ...names, output });
  standardOutput().write(
    `${formatCount(merged)} weights had an adapter; the merged model is in ${output}\n`,
  );
  return 0;
}
