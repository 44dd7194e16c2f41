/** @file From the options to batches: reading, tokenizing, holding out. */

import { existsSync } from "node:fs";
import { join } from "node:path";
import { UsageError } from "../errors.ts";
import type { Batch, BatchSource, SentencePair } from "../data/index.ts";
import type { InputTypes, Model, Task } from "../models/model.ts";
import type { Key } from "../random/key.ts";
import { bpeSize, byteTokenizer, loadTokenizer, type Tokenizer, trainBpe } from "../text/index.ts";
import { loadCausal } from "./causal-data.ts";
import { loadClassification } from "./classification-data.ts";
import type { TrainConfig } from "./config.ts";
import { loadEmbedding } from "./embedding-data.ts";
import { loadMasked } from "./masked-data.ts";
import { loadSeq2seq } from "./seq2seq-data.ts";
import { isText, readAllTexts, readLabelledSplit, readSplit } from "./splits.ts";

export interface TrainData {
  readonly training: BatchSource;
  /** Held-out batches, the same ones every time. */
  evaluation(): Iterable<Batch>;
  /** Held-out pairs to translate; empty for text. */
  readonly pairs: readonly SentencePair[];
  /** The shapes of batches that may occur, the largest last. */
  readonly shapes: readonly InputTypes[];
  /** In words, for people. */
  readonly description: string;
}

/** What data are made of and for. */
export interface DataRequest {
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

/**
 * The data for a model's task.
 *
 * @throws {UsageError} if the files do not hold what the task needs.
 */
export async function loadData(request: DataRequest): Promise<TrainData> {
  const { task } = request.model;
  const load = LOADERS[task];
  if (load) return load(request);
  throw new UsageError(`train: no data for this task; got ${task}`);
}

/**
 * The tokenizer of the options. One that is to be learned is learned from the training data, unless
 * the run that is resumed, or the model to start from, has one already.
 */
export async function tokenizerOf(config: TrainConfig): Promise<Tokenizer> {
  const { tokenizer, model } = config;
  const size = bpeSize(tokenizer);
  if (size !== undefined) {
    const known = earlierTokenizer(config);
    return known === undefined ? trainBpe(await trainingTexts(config), size) : loadTokenizer(known);
  }
  if (tokenizer !== "bytes") return loadTokenizer(tokenizer);
  return typeof model === "string" ? loadTokenizer(model) : byteTokenizer();
}

/** The size of the vocabulary, without reading data: that asked for, where it is to be learned. */
export async function vocabularySizeOf(config: TrainConfig): Promise<number> {
  const size = bpeSize(config.tokenizer);
  if (size !== undefined && earlierTokenizer(config) === undefined) return size;
  return (await tokenizerOf(config)).vocabularySize;
}

/** The directory that has the tokenizer of the run that is resumed, or of the model. */
const earlierTokenizer = ({ model, output, resume }: TrainConfig): string | undefined =>
  [...(resume ? [output] : []), ...(typeof model === "string" ? [model] : [])].find((folder) =>
    existsSync(join(folder, "tokenizer.json")),
  );

/** What is encoded for training, as texts. */
async function trainingTexts(config: TrainConfig): Promise<readonly string[]> {
  if (config.task === "classify") {
    const { training } = await readLabelledSplit(config);
    return training.flatMap(({ text, pair = "" }) => [text, pair]);
  }
  if (isText(config)) return readAllTexts(config.train ?? [], config.textColumn);
  const [pairs] = await readSplit(config);
  const { prefix, suffix = "" } = config;
  return pairs.flatMap(({ source, target }) => [prefix + source + suffix, target]);
}
