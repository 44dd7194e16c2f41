/** @file Texts as a model reads them. */

import { fitExamples } from "../data/index.ts";
import { UsageError } from "../errors.ts";
import type { LoadedModel } from "../generate/load-model.ts";
import type { Task } from "../models/model.ts";
import type { Encoding, Tokenizer } from "../text/tokenizers/tokenizer.ts";

/** What is read of a loaded model. */
export type PredictModel = Pick<
  LoadedModel,
  "base" | "model" | "weights" | "tokenizer" | "sentence"
>;

/** A text, or two. */
export type Text = string | readonly [text: string, pair: string];

/** How texts are read. */
export interface PredictOptions {
  /** Whether the ends of texts that do not fit are cut off; else they are refused. */
  readonly truncate?: boolean;
  /** Texts that are read together. */
  readonly batchSize?: number;
}

/** What a model is for, by what it learned. */
const USES: Readonly<Record<Task, string>> = {
  causal: "flora generate is for it",
  seq2seq: "flora generate is for it",
  masked: "flora train --task classify, or embed, makes one of it",
  classification: "flora classify is for it",
  embedding: "flora embed is for it",
  "image-classification": "flora classify --image is for it",
};

/** @throws {UsageError} if the model learned something else. */
export function checkTask({ base }: Pick<PredictModel, "base">, task: Task, command: string): void {
  if (base.task === task) return;
  throw new UsageError(
    `${command}: needs a model for ${task}; got one of type ${base.type} for ${base.task}`,
    { hint: USES[base.task] },
  );
}

/** Texts with what the tokenizer puts around them. */
export function encodeTexts(
  { model, tokenizer, sentence }: PredictModel,
  texts: readonly Text[],
  { truncate = false }: PredictOptions,
): readonly Encoding[] {
  const encodeText = (text: Text) =>
    typeof text === "string"
      ? tokenizer.encodeWithSpecialTokens(text)
      : tokenizer.encodeWithSpecialTokens(...text);
  const limit = sentence && Math.min(sentence.maxLength ?? Infinity, model.contextLength);
  if (limit !== undefined && texts.every((text) => typeof text === "string")) {
    return texts.map((text) => cutTo(tokenizer, text, limit));
  }
  if (!truncate) return texts.map(encodeText);
  const encoding = {
    what: "texts",
    encode: encodeText,
    lengthOf: ({ ids }: Encoding) => ids.length,
    texts: (text: Text) => (typeof text === "string" ? [text] : text),
    withTexts: (_: Text, [first = "", second]: readonly string[]): Text =>
      second === undefined ? first : [first, second],
  };
  const { contextLength } = model;
  return fitExamples(texts, encoding, { contextLength, tooLong: "truncate" }).sequences;
}

/** A text without the last tokens that do not fit, as sentence-transformers cuts it. */
function cutTo(tokenizer: Tokenizer, text: string, limit: number): Encoding {
  const { ids, tokenTypes } = tokenizer.encodeWithSpecialTokens(text);
  if (ids.length <= limit) return { ids, tokenTypes };
  // What stands behind the text stays.
  const behind = ids.length - tokenizer.encodePrompt(text).length;
  const isKept = (_: number, i: number): boolean => i < limit - behind || i >= ids.length - behind;
  return { ids: ids.filter(isKept), tokenTypes: tokenTypes.filter(isKept) };
}
