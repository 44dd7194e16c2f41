/** @file From the options to batches: reading, tokenizing, holding out. */

import { UsageError } from "../errors.ts";
import { exists } from "../host/content.ts";
import type { FileStore } from "../host/host.ts";
import { join } from "../host/path.ts";
import { lastGap, recut } from "../data/index.ts";
import type { Task } from "../models/model.ts";
import { readConfig } from "../weights/index.ts";
import {
  bpeSize,
  bpeTrainer,
  byteTokenizer,
  loadTokenizer,
  type Tokenizer,
} from "../text/index.ts";
import { loadCausal } from "./causal.ts";
import { loadClassification } from "./classification.ts";
import type { TrainConfig } from "../options/config.ts";
import type { Dataset } from "./dataset.ts";
import { loadEmbedding } from "./embedding.ts";
import { loadImages } from "./images.ts";
import { loadMasked } from "./masked.ts";
import { loadSeq2seq } from "./seq2seq.ts";
import type { AnyDataRequest, DataRequest, TrainData } from "./task-data.ts";
import { readsImages } from "../options/task.ts";

const LOADERS: Readonly<Partial<Record<Task, (request: DataRequest) => Promise<TrainData>>>> = {
  causal: loadCausal,
  classification: loadClassification,
  embedding: loadEmbedding,
  masked: loadMasked,
  seq2seq: loadSeq2seq,
};

/**
 * The data for a model's task.
 *
 * @throws {UsageError} if the files do not hold what the task needs.
 */
export async function loadData(request: AnyDataRequest): Promise<TrainData> {
  const { model, tokenizer, processor } = request;
  if (processor) return loadImages({ ...request, processor });
  const load = LOADERS[model.task];
  if (load && tokenizer) return load({ ...request, tokenizer });
  throw new UsageError(`train: no data for this task; got ${model.task}`);
}

/** The options that name a tokenizer, or what it is learned from. */
export type TokenizerOptions = Pick<
  TrainConfig,
  "model" | "output" | "prefix" | "resume" | "suffix" | "task" | "tokenizer"
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

/** What is encoded for training, as texts that begin and end where words do. */
async function* trainingTexts(
  { task, prefix, suffix = "" }: TokenizerOptions,
  dataset: Dataset,
): AsyncGenerator<string, void, undefined> {
  if (task === "classify") {
    const { training } = await dataset.labelled();
    for (const { text, pair = "" } of training) yield* [text, pair];
    return;
  }
  const kind = await dataset.kind();
  if (kind === "texts") {
    for await (const { text } of recut(dataset.textsTwice(), lastGap)) yield text;
  } else if (kind === "conversations") {
    const { training } = await dataset.conversations();
    for (const messages of training) yield* messages.map(({ content }) => content);
  } else {
    const { training } = await dataset.pairs();
    for (const { source, target } of training) yield* [prefix + source + suffix, target];
  }
}
