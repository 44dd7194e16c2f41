/** @file `flora embed`: vectors for texts, by a model that learned which texts are alike. */

import type { CommandHelp } from "../arguments/help.ts";
import { parseOptions } from "../arguments/options.ts";
import { openModel, predictorOptions, readTexts, textOptions } from "../inputs/predictor.ts";

export const help: CommandHelp = {
  usage: 'embed --model DIR (--text "..." [--compare "..."] | --input FILE)',
  summary: "make vectors of texts, that tell how alike they are",
  details: ["A line is a JSON object with the text and its vector."],
  options: {
    ...predictorOptions,
    compare: {
      kind: "text",
      help: "a second text: print how alike the two are, by the cosine unless the model says otherwise",
    },
    prompt: { kind: "text", value: "NAME", help: "what the model puts before texts, by its name" },
    normalize: { kind: "flag", help: "vectors of length 1, whose product is the cosine" },
  },
  examples: [
    'flora embed --model runs/embedding --text "A dog runs." --compare "Ein Hund rennt."',
    "flora embed --model runs/embedding --input sentences.txt --normalize",
  ],
};

/** Runs the command; returns the exit code. */
export async function run(words: readonly string[]): Promise<number> {
  const options = parseOptions(words, help.options ?? {});
  const settings = {
    ...textOptions(options),
    ...(options.flag("normalize") && { normalize: true }),
    prompt: options.text("prompt"),
  };
  const compared = options.text("compare");
  const texts = await readTexts(options, help);
  const { loaded, runtime } = await openModel(options, help);
  const { embedTexts, similarityOf } = await import("../../predict/index.ts");
  const all = compared === undefined ? texts : [...texts, compared];
  const vectors = await embedTexts(loaded, runtime, all, settings);
  if (compared === undefined) {
    for (const [i, vector] of vectors.entries()) {
      const line = { text: texts[i], vector: Array.from(vector) };
      process.stdout.write(`${JSON.stringify(line)}\n`);
    }
    return 0;
  }
  const second = vectors.at(-1) ?? new Float32Array();
  for (const vector of vectors.slice(0, -1)) {
    process.stdout.write(`${similarityOf(loaded, vector, second).toFixed(4)}\n`);
  }
  return 0;
}
