/** @file Data of sentence pairs or of conversations, for whatever a model makes of one: encoded, held out and described. */

import {
  type Batch,
  type BatchSource,
  type Fitted,
  type FitOptions,
  paddedLength,
  type PromptTemplate,
  type SentencePair,
} from "../data/index.ts";
import type { InputTypes, Task } from "../models/model.ts";
import type { TrainConfig } from "../options/config.ts";
import { type Split, spread } from "./reading/dataset.ts";
import type { DataRequest, TrainData } from "./task-data.ts";

/** Lengths of batches are rounded up to this, so that few programs are compiled. */
export const LENGTH_MULTIPLE = 16;

/** What a model is trained on for each example. */
export interface ExampleFormat<E, T> {
  /** @throws {UsageError} as `fitPairs` does. */
  encode(examples: readonly E[], options: FitOptions): Fitted<T>;
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

/** Pairs, some of them to be translated at the end. */
export async function loadPairData<T>(
  request: DataRequest,
  format: ExampleFormat<SentencePair, T>,
): Promise<TrainData> {
  const examples = await request.dataset.pairs();
  const pairs = spread(examples.validation, request.config.translations);
  return { ...examplesAsData("pairs", examples, request, format), pairs };
}

/** Examples of any kind; `what` are they. */
export function examplesAsData<E, T>(
  what: string,
  examples: Split<E>,
  { config, contextLength }: DataRequest,
  { encode, batching }: ExampleFormat<E, T>,
): TrainData {
  const { tooLong, batchSize } = config;
  const prepared = encode(examples.training, { contextLength, tooLong });
  const held = encode(examples.validation, { contextLength, tooLong: "drop" });
  const { training, evaluation, shapes } = batching([...prepared.sequences, ...held.sequences]);
  const evaluated = spread(held.sequences, batchSize * config.evaluationBatches);
  return {
    training: training(prepared.sequences),
    evaluation: () => evaluation(evaluated),
    pairs: [],
    shapes,
    description:
      `${count(exampleCount(prepared))} ${what}${notesOn(prepared)}` +
      `, ${count(exampleCount(held))} held out`,
  };
}

/** One example may be several sequences. */
export const exampleCount = ({ places, sequences }: Fitted<unknown>): number =>
  places ? new Set(places).size : sequences.length;

/** The lengths of batches of sequences of these lengths, the longest last. */
export function lengthsOf(lengths: readonly number[], limit: number): readonly number[] {
  const padding = { multiple: LENGTH_MULTIPLE, contextLength: limit };
  const rounded = lengths.map((length) => paddedLength([length], padding));
  return [...new Set(rounded)].toSorted((a, b) => a - b);
}

/** What became of examples that were too long or have nothing to learn, in words. */
export const notesOn = ({
  dropped,
  truncated,
  empty = 0,
}: Pick<Fitted<unknown>, "dropped" | "truncated" | "empty">): string =>
  [
    empty > 0 ? `, ${count(empty)} without anything to learn and left out` : "",
    dropped > 0 ? `, ${count(dropped)} too long and left out` : "",
    truncated > 0 ? `, ${count(truncated)} cut` : "",
  ].join("");

export const count = (n: number): string => n.toLocaleString("en-US");

/** A model that goes on from the source sees where it ends by a line break, an encoder by the end of text. */
export const templateOf = (
  { prefix, suffix }: Pick<TrainConfig, "prefix" | "suffix">,
  task: Task,
): PromptTemplate =>
  task === "seq2seq"
    ? { prefix, suffix: suffix ?? "", ends: true }
    : { prefix, suffix: suffix ?? "\n" };
