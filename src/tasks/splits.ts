/** @file What a run reads: texts, or pairs, in training and held out. */

import { option, UsageError } from "../errors.ts";
import {
  type Conversation,
  detectExamples,
  detectFormat,
  type ExampleKind,
  grammarPairs,
  heldOut,
  type LabelledText,
  readConversations,
  readLabelledTexts,
  readPairs,
  readTexts,
  type SentencePair,
} from "../data/index.ts";
import type { FileStore } from "../host/host.ts";
import { type LabelledImage, readImageFolder } from "../images/index.ts";
import type { TrainConfig } from "../options/config.ts";

/** Pairs that the built-in grammar draws for a run: more than a short run sees. */
const GRAMMAR_TRAINING_PAIRS = 40_000;
const GRAMMAR_HELD_OUT_PAIRS = 500;

/** Without validation files this share of the data is held out, up to a limit. */
export const HELD_OUT_SHARE = 0.05;
const MOST_HELD_OUT = 1000;

/** Whether the training data are texts, not pairs. */
export function isText({ train, task }: TrainConfig): boolean {
  if (!train) {
    if (task === "text" || task === "mask") {
      throw new UsageError(`task: ${task} needs a training file; got none`);
    }
    return false;
  }
  const format = detectFormat(train);
  if (format === "text") return true;
  return format === "jsonl" && (task === "text" || task === "mask");
}

/** What a model that writes text learns from: that of the options, or else of the files. */
export async function exampleKindOf(config: TrainConfig): Promise<ExampleKind> {
  const { train, task } = config;
  if (!train || task === "pairs") return isText(config) ? "texts" : "pairs";
  return isText(config) ? "texts" : ((await detectExamples(train)) ?? "pairs");
}

/** The conversations for training and those held out. */
export async function readConversationSplit({
  train = [],
  validation,
}: TrainConfig): Promise<Split<Conversation>> {
  const read = async (paths: readonly string[]) =>
    (await Promise.all(paths.map((path) => readConversations(path)))).flat();
  const all = await read(train);
  if (validation) return { training: all, validation: await read(validation) };
  const share = heldOutCount(all.length);
  return { training: all.slice(0, -share), validation: all.slice(-share) };
}

/** All texts of the files, which may have a column for them. */
export async function readAllTexts(
  paths: readonly string[],
  column: string,
): Promise<readonly string[]> {
  return (await Promise.all(paths.map((path) => readTexts(path, column)))).flat();
}

/** The pairs for training and those held out; without files those of the built-in grammar. */
export async function readSplit(
  config: TrainConfig,
): Promise<readonly [training: readonly SentencePair[], validation: readonly SentencePair[]]> {
  const { train, validation, sourceColumn, targetColumn } = config;
  if (!train) {
    if (validation) throw new UsageError("validation: needs training files too; got none");
    return grammarSplit(config.seed);
  }
  // A TSV file without names has the source first.
  const isNamed = sourceColumn !== "source" || targetColumn !== "target";
  const named = isNamed ? { sourceColumn, targetColumn } : {};
  const pairs = await readPairs({ paths: train, ...named });
  if (validation) return [pairs, await readPairs({ paths: validation, ...named })];
  const share = heldOutCount(pairs.length);
  return [pairs.slice(0, -share), pairs.slice(-share)];
}

/** Examples for training and those held out. */
export interface Split<T> {
  readonly training: readonly T[];
  readonly validation: readonly T[];
}

/**
 * The labelled texts of a run. Files are often in the order of their labels, so what is held out comes from everywhere.
 *
 * @throws {UsageError} if there is not one training file, or columns are missing.
 */
export async function readLabelledSplit(config: TrainConfig): Promise<Split<LabelledText>> {
  const { train, validation, textColumn, pairColumn, labelColumn } = config;
  const columns = { text: textColumn, pair: pairColumn, label: labelColumn };
  const read = async (paths: readonly string[]) =>
    (await Promise.all(paths.map((path) => readLabelledTexts(path, columns)))).flat();
  if (!train) throw new UsageError("task: classify needs a training file; got none");
  const all = await read(train);
  return validation ? { training: all, validation: await read(validation) } : holdOut(all);
}

/**
 * The labelled images of a run, from folders; nothing is decoded.
 *
 * @throws {UsageError} if there is no folder, or there are no images in one.
 */
export async function readImageSplit(
  files: FileStore,
  { train, validation }: TrainConfig,
): Promise<Split<LabelledImage>> {
  const read = async (folders: readonly string[]) =>
    (await Promise.all(folders.map((folder) => readImageFolder(files, folder)))).flat();
  if (!train) {
    throw new UsageError(`${option("train")}: images need a folder for training; got none`, {
      hint: `${option("train", "images/train")}, with a folder of images for each class`,
    });
  }
  const all = await read(train);
  return validation ? { training: all, validation: await read(validation) } : holdOut(all);
}

/** Every so many examples are held out. */
function holdOut<T>(all: readonly T[]): Split<T> {
  const every = Math.max(2, Math.ceil(all.length / heldOutCount(all.length)));
  return {
    training: all.filter((_, i) => i % every !== every - 1),
    validation: all.filter((_, i) => i % every === every - 1),
  };
}

/** How many of a number of examples are held out. */
export const heldOutCount = (examples: number): number =>
  Math.max(1, Math.min(MOST_HELD_OUT, Math.floor(examples * HELD_OUT_SHARE)));

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
export function spread<T>(items: readonly T[], limit: number): readonly T[] {
  if (items.length <= limit) return items;
  return items.filter(
    (_, i) =>
      Math.floor((i * limit) / items.length) !== Math.floor(((i - 1) * limit) / items.length),
  );
}
