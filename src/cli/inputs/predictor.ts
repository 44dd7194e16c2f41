/** @file What the commands that read whole texts have in common: their options, the model and the texts. */

import { text as readAll } from "node:stream/consumers";
import { UsageError } from "../../errors.ts";
import type { LoadedImageModel, LoadedModel } from "../../generate/load-model.ts";
import { nodeHost } from "../../host/node.ts";
import type { Text } from "../../predict/index.ts";
import type { Runtime } from "../../runtime/runtime.ts";
import { fetchModels } from "./fetch.ts";
import type { CommandHelp } from "../arguments/help.ts";
import {
  modelNames,
  modelOptions,
  chosenRuntime,
  runtimeOptions,
} from "../arguments/model-options.ts";
import type { OptionTable } from "../../options/tables/option.ts";
import type { ParsedOptions } from "../arguments/options.ts";

export const predictorOptions: OptionTable = {
  ...modelOptions,
  text: { kind: "text", help: "a text" },
  input: { kind: "text", value: "FILE", help: "a file with a text a line; - reads standard input" },
  truncate: { kind: "flag", help: "cut the ends of texts that are too long for the model" },
  batchSize: { kind: "integer", above: 0, help: "texts that are read together [32]" },
  ...runtimeOptions,
};

/** The model and the runtime that the options ask for. */
export async function openModel(
  options: ParsedOptions,
  help: CommandHelp,
): Promise<{ readonly loaded: LoadedModel; readonly runtime: Runtime }> {
  const names = await fetchModels(modelNames(options, help));
  const runtime = await chosenRuntime(options);
  const { loadModel } = await import("../../generate/load-model.ts");
  return { loaded: await loadModel(nodeHost().files, runtime, names), runtime };
}

/** The same for a model of images. */
export async function openImageModel(
  options: ParsedOptions,
  help: CommandHelp,
): Promise<{ readonly loaded: LoadedImageModel; readonly runtime: Runtime }> {
  const names = await fetchModels(modelNames(options, help));
  const runtime = await chosenRuntime(options);
  const { loadImageModel } = await import("../../generate/load-model.ts");
  return { loaded: await loadImageModel(nodeHost().files, runtime, names), runtime };
}

/** How texts are read. */
export const textOptions = (
  options: ParsedOptions,
): { readonly truncate: boolean; readonly batchSize?: number } => ({
  truncate: options.flag("truncate"),
  ...batchOptions(options),
});

/** How many examples are read together. */
export function batchOptions(options: ParsedOptions): { readonly batchSize?: number } {
  const batchSize = options.number("batchSize");
  return batchSize === undefined ? {} : { batchSize };
}

/**
 * The texts of `--text`, with the second text of a pair if there is one, or the lines of `--input`; blank lines are left out.
 *
 * @throws {UsageError} if neither or both are given, or there is no text.
 */
export async function readTexts(
  options: ParsedOptions,
  { usage }: CommandHelp,
  pair?: string,
): Promise<readonly Text[]> {
  const text = options.text("text");
  const input = options.text("input");
  if ((text === undefined) === (input === undefined)) {
    throw new UsageError("--text, --input: give one of them", { hint: `flora ${usage}` });
  }
  if (text === undefined && pair !== undefined) throw new UsageError("--pair: needs --text");
  if (text !== undefined) return [pair === undefined ? text : [text, pair]];
  const { readTextFile } = await import("../../data/index.ts");
  const content =
    input === "-"
      ? await readAll(process.stdin)
      : await readTextFile(nodeHost().files, input ?? "");
  const lines = content.split(/\r?\n/).filter((line) => line.trim() !== "");
  if (lines.length === 0) throw new UsageError(`--input: there is no text in it; got ${input}`);
  return lines;
}
