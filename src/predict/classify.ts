/** @file The classes of texts. */

import { headLogits } from "../models/head.ts";
import type { Model } from "../models/model.ts";
import { softmax } from "../ops/softmax.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { encode } from "./encoder.ts";
import type { RunnerParts } from "./runner.ts";
import {
  checkTask,
  encodeTexts,
  type Text,
  type PredictModel,
  type PredictOptions,
} from "./texts.ts";

export interface Classification {
  /** The likeliest class. */
  readonly label: string;
  readonly probability: number;
  /** Of every class, in the order of the model. */
  readonly probabilities: Readonly<Record<string, number>>;
}

/**
 * The classes of texts, or of pairs of texts, in their order.
 *
 * @throws {UsageError} if the model is no classifier, or a text is too long.
 */
export async function classifyTexts(
  loaded: PredictModel,
  runtime: Runtime,
  texts: readonly Text[],
  options: PredictOptions = {},
): Promise<readonly Classification[]> {
  checkTask(loaded, "classification", "classify");
  const { model, weights, tokenizer } = loaded;
  const finish = classProbabilities(model);
  const parts = { model, weights, runtime, pad: tokenizer.pad, finish };
  const rows = await encode(parts, encodeTexts(loaded, texts, options), options);
  return rows.map((row) => classification(model, row));
}

/** The probabilities of the classes [B, labels] from the last hidden states [B, C]. */
export const classProbabilities =
  (model: Model): RunnerParts["finish"] =>
  (hidden, weight) =>
    softmax(headLogits(model, weight, hidden));

/** What the probabilities of the classes say. */
export function classification(
  { labels = [] }: Model,
  probabilities: Float32Array,
): Classification {
  const best = probabilities.indexOf(Math.max(...probabilities));
  return {
    label: labels[best] ?? "",
    probability: probabilities[best] ?? Number.NaN,
    probabilities: Object.fromEntries(
      labels.map((label, id) => [label, probabilities[id] ?? Number.NaN]),
    ),
  };
}
