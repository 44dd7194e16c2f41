/** @file From the options to batches: reading, tokenizing, holding out. */

import { existsSync } from "node:fs";
import { join } from "node:path";
import { UsageError } from "../errors.ts";
import {
  type Batch,
  type BatchSource,
  detectFormat,
  evaluationBatches,
  grammarPairs,
  heldOut,
  type LanguageModelSequence,
  pairBatches,
  pairSequences,
  readPairs,
  readTexts,
  type SentencePair,
  textBatches,
  textTokens,
  textWindows,
} from "../data/index.ts";
import type { Key } from "../random/key.ts";
import { bpeSize, byteTokenizer, loadTokenizer, type Tokenizer, trainBpe } from "../text/index.ts";
import type { TrainConfig } from "./config.ts";

export interface TrainData {
  readonly training: BatchSource;
  /** Held-out batches, the same ones every time. */
  evaluation(): Iterable<Batch>;
  /** Held-out pairs to translate; empty for text. */
  readonly pairs: readonly SentencePair[];
  /** The lengths of batches that may occur, in tokens. */
  readonly lengths: readonly number[];
  /** In words, for people. */
  readonly description: string;
}

/** Pairs that the built-in grammar draws for a run: more than a short run sees. */
const GRAMMAR_TRAINING_PAIRS = 40_000;
const GRAMMAR_HELD_OUT_PAIRS = 500;

/** Without validation files this share of the data is held out, up to a limit. */
const HELD_OUT_SHARE = 0.05;
const HELD_OUT_PAIRS = 1000;
const HELD_OUT_TOKENS = 100_000;

/** Lengths of batches are rounded up to this, so that few programs are compiled. */
const LENGTH_MULTIPLE = 16;

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
  if (isText(config)) return readAllTexts(config.train ?? [], config.textColumn);
  const [pairs] = await readSplit(config);
  const { prefix, suffix } = config;
  return pairs.flatMap(({ source, target }) => [prefix + source + suffix, target]);
}

export async function loadData(
  config: TrainConfig,
  tokenizer: Tokenizer,
  contextLength: number,
  key: Key,
): Promise<TrainData> {
  return isText(config)
    ? loadText(config, tokenizer, contextLength, key)
    : loadPairs(config, tokenizer, contextLength, key);
}

function isText({ train, task }: TrainConfig): boolean {
  if (!train) {
    if (task === "text") throw new UsageError('task: "text" needs a training file; got none');
    return false;
  }
  const format = detectFormat(train);
  if (format === "text") return true;
  return format === "jsonl" && task === "text";
}

async function loadText(
  config: TrainConfig,
  tokenizer: Tokenizer,
  contextLength: number,
  key: Key,
): Promise<TrainData> {
  const read = async (paths: readonly string[]): Promise<Int32Array> => {
    return textTokens(tokenizer, await readAllTexts(paths, config.textColumn));
  };
  const all = await read(config.train ?? []);
  const share = Math.min(HELD_OUT_TOKENS, Math.floor(all.length * HELD_OUT_SHARE));
  const validation = config.validation ? await read(config.validation) : all.subarray(-share);
  const training = config.validation ? all : all.subarray(0, -share);
  const { batchSize, evaluationBatches: limit } = config;
  const windows = spread(textWindows(validation, contextLength), batchSize * limit);
  return {
    training: textBatches(training, { batchSize, contextLength, key }),
    evaluation: () => evaluationBatches(windows, { batchSize, pad: tokenizer.pad, contextLength }),
    pairs: [],
    lengths: [contextLength],
    description: `${count(training.length)} tokens of text, ${count(validation.length)} held out`,
  };
}

async function readAllTexts(paths: readonly string[], column: string): Promise<readonly string[]> {
  return (await Promise.all(paths.map((path) => readTexts(path, column)))).flat();
}

async function loadPairs(
  config: TrainConfig,
  tokenizer: Tokenizer,
  contextLength: number,
  key: Key,
): Promise<TrainData> {
  const [trainingPairs, validationPairs] = await readSplit(config);
  const { prefix, suffix, tooLong, batchSize } = config;
  const options = { prefix, suffix, contextLength, tooLong };
  const prepared = pairSequences(tokenizer, trainingPairs, options);
  const held = pairSequences(tokenizer, validationPairs, { ...options, tooLong: "drop" });
  const padding = { batchSize, pad: tokenizer.pad, multiple: LENGTH_MULTIPLE, contextLength };
  const sorted = spread(held.sequences, batchSize * config.evaluationBatches).toSorted(
    (a, b) => a.ids.length - b.ids.length,
  );
  const notes = [
    prepared.dropped > 0 ? `, ${count(prepared.dropped)} too long and left out` : "",
    prepared.truncated > 0 ? `, ${count(prepared.truncated)} cut` : "",
  ].join("");
  return {
    training: pairBatches(prepared.sequences, { ...padding, key }),
    evaluation: () => evaluationBatches(sorted, padding),
    pairs: spread(validationPairs, config.translations),
    lengths: lengthsOf([...prepared.sequences, ...held.sequences], contextLength),
    description:
      `${count(prepared.sequences.length)} pairs${notes}` +
      `, ${count(held.sequences.length)} held out`,
  };
}

async function readSplit(
  config: TrainConfig,
): Promise<readonly [training: readonly SentencePair[], validation: readonly SentencePair[]]> {
  const { train, validation, sourceColumn, targetColumn } = config;
  if (!train) {
    if (validation) throw new UsageError("validation: needs training files too; got none");
    return grammarSplit(config.seed);
  }
  const named = detectFormat(train) === "jsonl" ? { sourceColumn, targetColumn } : {};
  const pairs = await readPairs({ paths: train, ...named });
  if (validation) return [pairs, await readPairs({ paths: validation, ...named })];
  const share = Math.max(1, Math.min(HELD_OUT_PAIRS, Math.floor(pairs.length * HELD_OUT_SHARE)));
  return [pairs.slice(0, -share), pairs.slice(-share)];
}

function grammarSplit(seed: number): readonly [SentencePair[], SentencePair[]] {
  const training: SentencePair[] = [];
  const validation: SentencePair[] = [];
  const held = new Set<string>();
  for (const pair of grammarPairs(seed)) {
    if (!heldOut(pair)) {
      if (training.length < GRAMMAR_TRAINING_PAIRS) training.push(pair);
    } else if (validation.length < GRAMMAR_HELD_OUT_PAIRS && !held.has(pair.source)) {
      held.add(pair.source);
      validation.push(pair);
    }
    if (
      training.length === GRAMMAR_TRAINING_PAIRS &&
      validation.length === GRAMMAR_HELD_OUT_PAIRS
    ) {
      break;
    }
  }
  return [training, validation];
}

/** At most `limit` items, evenly from the whole list. */
function spread<T>(items: readonly T[], limit: number): readonly T[] {
  if (items.length <= limit) return items;
  return items.filter(
    (_, i) =>
      Math.floor((i * limit) / items.length) !== Math.floor(((i - 1) * limit) / items.length),
  );
}

/** Multiples of the rounding up to the longest sequence, from the shortest on. */
function lengthsOf(sequences: readonly LanguageModelSequence[], limit: number): readonly number[] {
  const rounded = sequences.map(({ ids }) =>
    Math.min(limit, Math.ceil((ids.length - 1) / LENGTH_MULTIPLE) * LENGTH_MULTIPLE),
  );
  return [...new Set(rounded)].toSorted((a, b) => a - b);
}

const count = (n: number): string => n.toLocaleString("en-US");
