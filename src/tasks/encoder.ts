/** @file What the data of all encoders have in common: examples in batches of similar lengths, and shapes from their lengths. */

import {
  type Batch,
  batchesOf,
  chosenOf,
  type PaddingOptions,
  sortedEpochs,
  stretches,
  type Taken,
} from "../data/index.ts";
import type { InputTypes, Model } from "../models/model.ts";
import { foldIn, type Key } from "../random/key.ts";
import { spread } from "./reading/dataset.ts";
import { LENGTH_MULTIPLE, lengthsOf } from "./pairs.ts";
import { type DataRequest, mostEvaluated, type TrainData } from "./task-data.ts";

export interface EncoderExamples<T> extends Taken<T> {
  readonly training: readonly T[];
  readonly heldOut: readonly T[];
  /** The part of the data that each example for training comes from. */
  readonly parts: readonly number[];
  /** Tokens of the longest row that an example takes. */
  readonly lengthOf: (example: T) => number;
  /** Examples with their tokens, where other ranks have them; all are here by default. */
  readonly complete?: (examples: readonly T[]) => readonly T[];
  /** At most `batchSize` examples as a batch, with the random choices of a key. */
  readonly assemble: (examples: readonly T[], key: Key) => Batch;
  readonly description: string;
}

/** How batches of encoders are padded. */
export const paddingOf = ({ config, tokenizer, contextLength }: DataRequest): PaddingOptions => ({
  batchSize: config.batchSize,
  pad: tokenizer.pad,
  multiple: LENGTH_MULTIPLE,
  contextLength,
});

/** The types of the batches of examples of this length. */
export const batchTypes = (
  model: Model,
  { batchSize, length }: { readonly batchSize: number; readonly length: number },
): InputTypes =>
  model.inputTypes(
    // Texts that are compared come in pairs.
    model.task === "embedding" ? 2 * batchSize : batchSize,
    length,
    model.task === "masked" ? chosenOf(length) : length,
  );

/** Batches whose random choices depend on the key of the data and their position alone; those held out are always the same. */
export function encoderData<T>(
  { config, dataset, model, contextLength, key }: DataRequest,
  examples: EncoderExamples<T>,
): TrainData {
  const { training, heldOut, parts, lengthOf, assemble, description, take } = examples;
  const { complete = (all) => all } = examples;
  const { batchSize } = config;
  const compare = (a: T, b: T) => lengthOf(a) - lengthOf(b);
  const order = dataset.order(parts, key);
  const epochs = sortedEpochs(training, { batchSize, key, order, compare });
  const keyOf = (purpose: string, position: number) => foldIn(foldIn(key, purpose), position);
  const evaluated = complete(spread(heldOut, mostEvaluated(config))).toSorted(compare);
  return {
    training: batchesOf(
      epochs,
      (rows, position) => assemble(rows, keyOf("training", position)),
      take,
    ),
    evaluation: () =>
      stretches(evaluated, batchSize).map((part, i) => assemble(part, keyOf("evaluation", i))),
    pairs: [],
    shapes: lengthsOf([...training, ...evaluated].map(lengthOf), contextLength).map((length) =>
      batchTypes(model, { batchSize, length }),
    ),
    description,
  };
}
