/** @file Data of sentence pairs, for whatever a model makes of a pair: read, encoded, held out and described. */

import {
  type Batch,
  type BatchSource,
  type Fitted,
  type FitOptions,
  paddedLength,
  type SentencePair,
} from "../data/index.ts";
import type { InputTypes } from "../models/model.ts";
import type { DataRequest, TrainData } from "./data.ts";
import { readSplit, spread } from "./splits.ts";

/** Lengths of batches are rounded up to this, so that few programs are compiled. */
export const LENGTH_MULTIPLE = 16;

/** What a model is trained on for each pair. */
export interface PairFormat<T> {
  /** @throws {UsageError} as `fitPairs` does. */
  encode(pairs: readonly SentencePair[], options: FitOptions): Fitted<T>;
  /** How all sequences of a run, or some of them, come in batches. */
  batching(sequences: readonly T[]): Batching<T>;
}

export interface Batching<T> {
  training(sequences: readonly T[]): BatchSource;
  /** In batches of similar lengths. */
  evaluation(sequences: readonly T[]): Iterable<Batch>;
  /** The shapes of batches that may occur, the largest last. */
  readonly shapes: readonly InputTypes[];
}

export async function loadPairData<T>(
  { config, contextLength }: DataRequest,
  { encode, batching }: PairFormat<T>,
): Promise<TrainData> {
  const [trainingPairs, validationPairs] = await readSplit(config);
  const { tooLong, batchSize } = config;
  const prepared = encode(trainingPairs, { contextLength, tooLong });
  const held = encode(validationPairs, { contextLength, tooLong: "drop" });
  const { training, evaluation, shapes } = batching([...prepared.sequences, ...held.sequences]);
  const evaluated = spread(held.sequences, batchSize * config.evaluationBatches);
  return {
    training: training(prepared.sequences),
    evaluation: () => evaluation(evaluated),
    pairs: spread(validationPairs, config.translations),
    shapes,
    description:
      `${count(prepared.sequences.length)} pairs${notesOn(prepared)}` +
      `, ${count(held.sequences.length)} held out`,
  };
}

/** The lengths of batches of sequences of these lengths, the longest last. */
export function lengthsOf(lengths: readonly number[], limit: number): readonly number[] {
  const padding = { multiple: LENGTH_MULTIPLE, contextLength: limit };
  const rounded = lengths.map((length) => paddedLength([length], padding));
  return [...new Set(rounded)].toSorted((a, b) => a - b);
}

/** What became of examples that were too long, in words. */
export const notesOn = ({
  dropped,
  truncated,
}: Pick<Fitted<unknown>, "dropped" | "truncated">): string =>
  [
    dropped > 0 ? `, ${count(dropped)} too long and left out` : "",
    truncated > 0 ? `, ${count(truncated)} cut` : "",
  ].join("");

export const count = (n: number): string => n.toLocaleString("en-US");
