/** @file The tokenizer of a run: given, learned, or that of the model. */

import { exists } from "../../host/content.ts";
import type { FileStore } from "../../host/host.ts";
import { join } from "../../host/path.ts";
import type { TrainConfig } from "../../options/config.ts";
import { readsImages } from "../../options/task.ts";
import {
  bpeSize,
  bpeTrainer,
  byteTokenizer,
  loadTokenizer,
  type Tokenizer,
} from "../../text/index.ts";
import { readConfig } from "../../weights/index.ts";
import type { Dataset } from "./dataset.ts";
import { trainingTexts } from "./training-texts.ts";

/** The options that name a tokenizer, or what it is learned from. */
export type TokenizerOptions = Pick<
  TrainConfig,
  "model" | "output" | "prefix" | "resume" | "stream" | "suffix" | "task" | "tokenizer"
>;

/**
 * The tokenizer of the options. One that is to be learned is learned from the training data, unless
 * the run that is resumed, or the model to start from, has one already. Undefined for models of images.
 */
export async function tokenizerOf(
  files: FileStore,
  config: TokenizerOptions,
  dataset: Dataset,
): Promise<Tokenizer | undefined> {
  if (await isForImages(files, config)) return undefined;
  const size = bpeSize(config.tokenizer);
  if (size === undefined) return givenTokenizer(files, config);
  const known = await earlierTokenizer(files, config);
  if (known !== undefined) return loadTokenizer(files, known);
  const trainer = bpeTrainer(size);
  for await (const text of trainingTexts(config, dataset)) trainer.add(text);
  return trainer.finish();
}

/** One that is not learned. */
async function givenTokenizer(
  files: FileStore,
  { tokenizer, model }: Pick<TokenizerOptions, "model" | "tokenizer">,
): Promise<Tokenizer> {
  if (tokenizer !== "bytes") return loadTokenizer(files, tokenizer);
  return typeof model === "string" ? loadTokenizer(files, model) : byteTokenizer();
}

const isForImages = async (
  files: FileStore,
  { model }: Pick<TokenizerOptions, "model">,
): Promise<boolean> =>
  readsImages(typeof model === "string" ? await readConfig(files, model) : model);

/** The size of the vocabulary, without reading data: that asked for, where it is to be learned; undefined without one. */
export async function vocabularySizeOf(
  files: FileStore,
  config: TokenizerOptions,
): Promise<number | undefined> {
  if (await isForImages(files, config)) return undefined;
  const size = bpeSize(config.tokenizer);
  const known = size === undefined ? undefined : await earlierTokenizer(files, config);
  if (size !== undefined && known === undefined) return size;
  const tokenizer =
    known === undefined ? givenTokenizer(files, config) : loadTokenizer(files, known);
  return (await tokenizer).vocabularySize;
}

/** The directory that has the tokenizer of the run that is resumed, or of the model. */
async function earlierTokenizer(
  files: FileStore,
  { model, output, resume }: TokenizerOptions,
): Promise<string | undefined> {
  const folders = [...(resume ? [output] : []), ...(typeof model === "string" ? [model] : [])];
  for (const folder of folders) {
    if (await exists(files, join(folder, "tokenizer.json"))) return folder;
  }
  return undefined;
}
