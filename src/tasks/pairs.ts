/** @file Data of sentence pairs or of conversations, for whatever a model makes of one: encoded, held out and described. */

import type { Collective } from "../collective/index.ts";
import {
  type Batch,
  type BatchSource,
  counts,
  type Fitted,
  type FitOptions,
  type Order,
  paddedLength,
  promptIds,
  type PromptTemplate,
  type SentencePair,
  type Shared,
  type Taken,
  toldTexts,
} from "../data/index.ts";
import type { InputTypes, Task } from "../models/model.ts";
import type { TrainConfig } from "../options/config.ts";
import { describeSplit, fitSplit } from "./reading/fitted-split.ts";
import { spread } from "./reading/dataset.ts";
import type { Split } from "./reading/hold-out.ts";
import type { SequenceForm } from "./reading/sequence-forms.ts";
import {
  type BatchOptions,
  type DataRequest,
  mostEvaluated,
  type Question,
  type TrainData,
} from "./task-data.ts";

/** Lengths of batches are rounded up to this, so that few programs are compiled. */
export const LENGTH_MULTIPLE = 8;

/** What a model is trained on for each example. */
export interface ExampleFormat<E, T> {
  /** @throws {UsageError} as `fitPairs` does. */
  readonly encode: (examples: readonly E[], options: FitOptions) => Fitted<T>;
  /** Whether something can be learned from an example; from all by default. */
  readonly teaches?: (example: E) => boolean;
  readonly form: SequenceForm<T>;
  /** How all sequences of a run come in batches. */
  batching(sequences: readonly T[]): Batching<T>;
  /** What a sequence asks, and the answer that it teaches. */
  question(sequence: T): Question;
}

/** How many questions are kept, to be answered while a run goes on or at its end. */
export const questionCount = ({ samples, translations }: BatchOptions): number =>
  Math.max(samples, translations);

export interface Batching<T> {
  training(
    sequences: readonly T[],
    options: Taken<T> & { readonly order: Order | undefined },
  ): BatchSource;
  /** In batches of similar lengths. */
  evaluation(sequences: readonly T[]): Iterable<Batch>;
  /** The shapes of batches that may occur, the largest last. */
  readonly shapes: readonly InputTypes[];
}

/** Pairs, some of them to be translated at the end. */
export async function loadPairData<T extends object>(
  request: DataRequest,
  format: ExampleFormat<SentencePair, T>,
): Promise<TrainData> {
  const { config, dataset } = request;
  const teaches = (pair: SentencePair) => counts(pair) && pair.target.trim() !== "";
  const { data, heldOut } = examplesAsData("pairs", await dataset.pairs(), request, {
    ...format,
    teaches,
  });
  const { model, tokenizer } = request;
  const template = templateOf(config, model.task);
  return {
    ...data,
    pairs: everywhere(dataset.ranks, spread(heldOut, config.translations)),
    ask: (text) => promptIds(tokenizer, text, template),
  };
}

/** Pairs, on all ranks. */
const everywhere = (
  ranks: Collective,
  pairs: readonly Shared<SentencePair>[],
): readonly SentencePair[] =>
  [
    ...toldTexts(ranks, pairs, ({ source, target, weight }) => [
      source,
      target,
      ...(weight === undefined ? [] : [String(weight)]),
    ]),
  ].map(([source = "", target = "", weight]) => ({
    source,
    target,
    ...(weight !== undefined && { weight: Number(weight) }),
  }));

interface ExampleData<E> {
  readonly data: TrainData;
  /** The examples that are held out. */
  readonly heldOut: readonly Shared<E>[];
}

/** Examples of any kind; `what` are they. */
export function examplesAsData<E extends object, T extends object>(
  what: string,
  examples: Split<Shared<E>>,
  request: DataRequest,
  { batching, question, ...format }: ExampleFormat<E, T>,
): ExampleData<E> {
  const { dataset, key } = request;
  const { prepared, held, heldOut, trained, complete, take } = fitSplit(
    { ...examples, ...format, what },
    request,
  );
  const { training, evaluation, shapes } = batching([...prepared.sequences, ...held.sequences]);
  const evaluated = complete(spread(held.sequences, mostEvaluated(request.config)));
  const asked = complete(spread(held.sequences, questionCount(request.config)));
  const data = {
    training: training(prepared.sequences, {
      order: dataset.order(trained.map(dataset.partOf), key),
      take,
    }),
    evaluation: () => evaluation(evaluated),
    pairs: [],
    questions: asked.map(question),
    shapes,
    description: describeSplit(what, { prepared, held }),
  };
  return { data, heldOut };
}

/** The lengths of batches of sequences of these lengths, the longest last. */
export function lengthsOf(lengths: readonly number[], limit: number): readonly number[] {
  const padding = { multiple: LENGTH_MULTIPLE, contextLength: limit };
  const rounded = lengths.map((length) => paddedLength([length], padding));
  return [...new Set(rounded)].toSorted((a, b) => a - b);
}

/** A model that goes on from the source sees where it ends by a line break, an encoder by the end of text. */
export const templateOf = (
  { prefix, suffix }: Pick<TrainConfig, "prefix" | "suffix">,
  task: Task,
): PromptTemplate =>
  task === "seq2seq"
    ? { prefix, suffix: suffix ?? "", ends: true }
    : { prefix, suffix: suffix ?? "\n" };
