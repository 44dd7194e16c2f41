/** @file `flora classify`: the classes of texts or images, by a classifier. */

import { UsageError } from "../../errors.ts";
import { fileError, systemError } from "../../host/file-error.ts";
import { nodeHost } from "../../host/node.ts";
import type { Classification } from "../../predict/index.ts";
import type { CommandHelp } from "../arguments/help.ts";
import { formatPercent } from "../terminal/format.ts";
import { parseOptions, type ParsedOptions } from "../arguments/options.ts";
import {
  batchOptions,
  openImageModel,
  openModel,
  predictorOptions,
  readTexts,
  textOptions,
} from "../inputs/predictor.ts";

export const help: CommandHelp = {
  usage:
    'classify --model DIR (--text "..." [--pair "..."] | --input FILE | --image FILES) [--json]',
  summary: "say which class texts or images belong to",
  details: [
    "A line holds the class, its probability and the text or the file; with --json all probabilities, as a JSON object.",
  ],
  options: {
    ...predictorOptions,
    pair: { kind: "text", help: "the second text, where pairs are classified" },
    image: { kind: "text", value: "A,B", help: "files of images, or folders of them" },
    json: { kind: "flag", help: "a JSON object a line" },
  },
  examples: [
    'flora classify --model runs/cola --text "The book was by John written."',
    "flora classify --model runs/cola --input sentences.txt --json",
    "flora classify --model runs/digits --image one.png,two.png",
  ],
};

/** What was classified, as fields of a JSON object; the first one stands in a line of text too. */
type Example = readonly [
  fields: Readonly<Record<string, string>>,
  classification: Classification | undefined,
];

/** Runs the command; returns the exit code. */
export async function run(words: readonly string[]): Promise<number> {
  const options = parseOptions(words, help.options ?? {});
  const images = options.text("image");
  const classified =
    images === undefined ? await classifyGivenTexts(options) : await classifyFiles(images, options);
  for (const [fields, classification] of classified) {
    if (!classification) continue;
    const { label, probability } = classification;
    const [what = ""] = Object.values(fields);
    const line = options.flag("json")
      ? JSON.stringify({ ...fields, ...classification })
      : [label, formatPercent(probability), what].join("\t");
    process.stdout.write(`${line}\n`);
  }
  return 0;
}

async function classifyGivenTexts(options: ParsedOptions): Promise<readonly Example[]> {
  const settings = textOptions(options);
  const texts = await readTexts(options, help, options.text("pair"));
  const { loaded, runtime } = await openModel(options, help);
  const { classifyTexts } = await import("../../predict/index.ts");
  const found = await classifyTexts(loaded, runtime, texts, settings);
  return texts.map((own, i) => {
    const [text = "", pair] = [own].flat();
    return [{ text, ...(pair !== undefined && { pair }) }, found[i]];
  });
}

async function classifyFiles(list: string, options: ParsedOptions): Promise<readonly Example[]> {
  for (const other of ["text", "pair", "input"]) {
    if (options.text(other) !== undefined) {
      throw new UsageError(`--image, --${other}: give one of them`);
    }
  }
  const settings = batchOptions(options);
  const files = (await Promise.all(list.split(",").map(imagesAt))).flat();
  const { loaded, runtime } = await openImageModel(options, help);
  const { classifyImages } = await import("../../predict/index.ts");
  const found = await classifyImages(nodeHost().files, loaded, runtime, files, settings);
  return files.map((image, i) => [{ image }, found[i]]);
}

/** A file, or the images in a folder. */
async function imagesAt(path: string): Promise<readonly string[]> {
  const { files } = nodeHost();
  const found = await files.stat(path);
  if (!found) throw fileError(path, "reading an image", systemError("ENOENT", path));
  const { imagesIn } = await import("../../images/index.ts");
  return found.kind === "directory" ? imagesIn(files, path) : [path];
}
