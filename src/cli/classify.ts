/** @file `flora classify`: the classes of texts, by a classifier. */

import type { CommandHelp } from "./help.ts";
import { formatPercent } from "./format.ts";
import { parseOptions } from "./options.ts";
import { openModel, predictorOptions, readTexts, textOptions } from "./predictor.ts";

export const help: CommandHelp = {
  usage: 'classify --model DIR (--text "..." [--pair "..."] | --input FILE) [--json]',
  summary: "say which class texts belong to",
  details: [
    "A line holds the class, its probability and the text; with --json all probabilities, as a JSON object.",
  ],
  options: [
    ...predictorOptions,
    { name: "pair", value: "TEXT", description: "the second text, where pairs are classified" },
    { name: "json", description: "a JSON object a line" },
  ],
  examples: [
    'flora classify --model runs/cola --text "The book was by John written."',
    "flora classify --model runs/cola --input sentences.txt --json",
  ],
};

/** Runs the command; returns the exit code. */
export async function run(words: readonly string[]): Promise<number> {
  const options = parseOptions(words, help.options ?? []);
  const settings = textOptions(options);
  const texts = await readTexts(options, help, options.text("pair"));
  const { loaded, runtime } = await openModel(options, help);
  const { classifyTexts } = await import("../predict/index.ts");
  const classified = await classifyTexts(loaded, runtime, texts, settings);
  for (const [i, { label, probability, probabilities }] of classified.entries()) {
    const [text = "", pair] = [texts[i] ?? ""].flat();
    const line = options.flag("json")
      ? JSON.stringify({
          text,
          ...(pair !== undefined && { pair }),
          label,
          probability,
          probabilities,
        })
      : [label, formatPercent(probability), text].join("\t");
    process.stdout.write(`${line}\n`);
  }
  return 0;
}
