/** @file What a run reads: texts, or pairs, in training and held out. */

import { UsageError } from "../errors.ts";
import {
  detectFormat,
  grammarPairs,
  heldOut,
  readPairs,
  readTexts,
  type SentencePair,
} from "../data/index.ts";
import type { TrainConfig } from "./config.ts";

/** Pairs that the built-in grammar draws for a run: more than a short run sees. */
const GRAMMAR_TRAINING_PAIRS = 40_000;
const GRAMMAR_HELD_OUT_PAIRS = 500;

/** Without validation files this share of the data is held out, up to a limit. */
export const HELD_OUT_SHARE = 0.05;
const HELD_OUT_PAIRS = 1000;

/** Whether the training data are texts, not pairs. */
export function isText({ train, task }: TrainConfig): boolean {
  if (!train) {
    if (task === "text") throw new UsageError('task: "text" needs a training file; got none');
    return false;
  }
  const format = detectFormat(train);
  if (format === "text") return true;
  return format === "jsonl" && task === "text";
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
  const named = isNamed || detectFormat(train) === "jsonl" ? { sourceColumn, targetColumn } : {};
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
export function spread<T>(items: readonly T[], limit: number): readonly T[] {
  if (items.length <= limit) return items;
  return items.filter(
    (_, i) =>
      Math.floor((i * limit) / items.length) !== Math.floor(((i - 1) * limit) / items.length),
  );
}
