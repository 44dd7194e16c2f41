/** @file From the options to batches: reading, tokenizing, holding out. */

import { UsageError } from "../errors.ts";
import type { Batch, BatchSource, SentencePair } from "../data/index.ts";
import { exists } from "../host/content.ts";
import type { FileStore } from "../host/host.ts";
import { join } from "../host/path.ts";
import type { ImageProcessor } from "../images/index.ts";
import type { InputTypes, Model, Task } from "../models/model.ts";
import type { Key } from "../random/key.ts";
import { readConfig } from "../weights/index.ts";
import { bpeSize, byteTokenizer, loadTokenizer, type Tokenizer, trainBpe } from "../text/index.ts";
import { loadCausal } from "./causal.ts";
import { loadClassification } from "./classification.ts";
import type { TrainConfig } from "../options/config.ts";
import { loadEmbedding } from "./embedding.ts";
import { loadImages } from "./images.ts";
import { loadMasked } from "./masked.ts";
import { loadSeq2seq } from "./seq2seq.ts";
import {
  exampleKindOf,
  readAllTexts,
  readConversationSplit,
  readLabelledSplit,
  readSplit,
} from "./splits.ts";
import { readsImages } from "../options/task.ts";

export interface TrainData {
  readonly training: BatchSource;
  /** Held-out batches, the same ones every time. */
  evaluation(): Iterable<Batch>;
  /** Held-out pairs to translate; empty for text. */
  readonly pairs: readonly SentencePair[];
  /** The shapes of batches that may occur, the largest last. */
  readonly shapes: readonly InputTypes[];
  /** What the examples take, where that is much: images. */
  readonly bytes?: number;
  /** In words, for people. */
  readonly description: string;
}

/** What data are made of and for. */
export interface DataRequest {
  readonly files: FileStore;
  readonly config: TrainConfig;
  readonly tokenizer: Tokenizer;
  readonly model: Model;
  /** The most tokens of a sequence. */
  readonly contextLength: number;
  /** The key of the order of the data. */
  readonly key: Key;
}

const LOADERS: Readonly<Partial<Record<Task, (request: DataRequest) => Promise<TrainData>>>> = {
  causal: loadCausal,
  classification: loadClassification,
  embedding: loadEmbedding,
  masked: loadMasked,
  seq2seq: loadSeq2seq,
};

/** What data of any kind are made with: a tokenizer for texts, a processor for images. */
export interface AnyDataRequest extends Omit<DataRequest, "tokenizer"> {
  readonly tokenizer?: Tokenizer | undefined;
  readonly processor?: ImageProcessor | undefined;
}

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

/**
 * The tokenizer of the options. One that is to be learned is learned from the training data, unless
 * the run that is resumed, or the model to start from, has one already. Undefined for models of images.
 */
export async function tokenizerOf(
  files: FileStore,
  config: TrainConfig,
): Promise<Tokenizer | undefined> {
  const { tokenizer, model } = config;
  if (await isForImages(files, config)) return undefined;
  const size = bpeSize(tokenizer);
  if (size !== undefined) {
    const known = await earlierTokenizer(files, config);
    return known === undefined
      ? trainBpe(await trainingTexts(config), size)
      : loadTokenizer(files, known);
  }
  if (tokenizer !== "bytes") return loadTokenizer(files, tokenizer);
  return typeof model === "string" ? loadTokenizer(files, model) : byteTokenizer();
}

const isForImages = async (files: FileStore, { model }: TrainConfig): Promise<boolean> =>
  readsImages(typeof model === "string" ? await readConfig(files, model) : model);

/** The size of the vocabulary, without reading data: that asked for, where it is to be learned; undefined without one. */
export async function vocabularySizeOf(
  files: FileStore,
  config: TrainConfig,
): Promise<number | undefined> {
  if (await isForImages(files, config)) return undefined;
  const size = bpeSize(config.tokenizer);
  if (size !== undefined && (await earlierTokenizer(files, config)) === undefined) return size;
  return (await tokenizerOf(files, config))?.vocabularySize;
}

/** The directory that has the tokenizer of the run that is resumed, or of the model. */
async function earlierTokenizer(
  files: FileStore,
  { model, output, resume }: TrainConfig,
): Promise<string | undefined> {
  for (const folder of [
    ...(resume ? [output] : []),
    ...(typeof model === "string" ? [model] : []),
  ]) {
    if (await exists(files, join(folder, "tokenizer.json"))) return folder;
  }
  return undefined;
}

/** What is encoded for training, as texts. */
async function trainingTexts(config: TrainConfig): Promise<readonly string[]> {
  if (config.task === "classify") {
    const { training } = await readLabelledSplit(config);
    return training.flatMap(({ text, pair = "" }) => [text, pair]);
  }
  const kind = await exampleKindOf(config);
  if (kind === "texts") return readAllTexts(config.train ?? [], config.textColumn);
  if (kind === "conversations") {
    const { training } = await readConversationSplit(config);
    return training.flatMap((messages) => messages.map(({ content }) => content));
  }
  const [pairs] = await readSplit(config);
  const { prefix, suffix = "" } = config;
  return pairs.flatMap(({ source, target }) => [prefix + source + suffix, target]);
}
