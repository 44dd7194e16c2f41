/**
 * @file From examples to the token sequences that a language model is trained on.
 *
 *   pair  prompt ++ target ++ [end of text], with the loss on what follows the prompt;
 *         prompt = encodePrompt(prefix + source + suffix)
 *   text  windows of T + 1 tokens of one stream, encodePrompt(text) ++ [end of text] of every text;
 *         the last token of a window is the first of the next, so that every token but the first is
 *         predicted once
 *
 * A model sees all but the last token of a sequence, so T + 1 tokens fit into a context of T.
 */

import type { Tokenizer } from "../../text/tokenizers/tokenizer.ts";
import { endOfText } from "./documents.ts";
import { fitPairs, type FitOptions, type Fitted } from "./fit.ts";
import type { TokenRange } from "../shares/shared-tokens.ts";
import type { SentencePair } from "../examples/pairs.ts";
import type { Weighted } from "../examples/row-weight.ts";

/** The tokens of an example, and which of them count. */
export interface LanguageModelSequence extends Weighted {
  readonly ids: Int32Array;
  /** Index into `ids` of the first token whose prediction counts; at least 1. */
  readonly lossFrom: number;
  /**
   * From where up to where predictions count, where not all from `lossFrom` on do; in order, and the
   * first begins at `lossFrom`.
   */
  readonly lossRanges?: readonly (readonly [start: number, end: number])[];
  /** Where the last answer stands, if more than answers counts. */
  readonly answer?: readonly [start: number, end: number];
}

/** Which tokens of an example with answers are learned. */
export const LEARNED = ["answers", "last", "all"] as const;
/** All answers, the last one alone, or everything that is read. */
export type Learned = (typeof LEARNED)[number];

/** The last answer of a sequence, from where up to where. */
export const lastAnswer = ({
  ids,
  lossFrom,
  lossRanges = [],
  answer,
}: LanguageModelSequence): readonly [start: number, end: number] =>
  answer ?? lossRanges.at(-1) ?? [lossFrom, ids.length];

/** The same tokens, of which all count. */
export const learnedWhole = (sequence: LanguageModelSequence): LanguageModelSequence => ({
  ...sequence,
  lossFrom: 1,
  lossRanges: [[1, sequence.ids.length]],
  answer: lastAnswer(sequence),
});

/** What stands before and after the source in a prompt. */
export interface PromptTemplate {
  readonly prefix: string;
  readonly suffix: string;
  /** Whether the end of text follows, as encoders expect; false by default. */
  readonly ends?: boolean;
}

/** How pairs are written, and how long they may be. */
export type PairSequencesOptions = PromptTemplate & FitOptions;

/** The sequences of pairs that fit. */
export type PairSequences = Fitted<LanguageModelSequence>;

/** The text that asks for the answer to `source`. */
export const promptText = (source: string, { prefix, suffix }: PromptTemplate): string =>
  prefix + source + suffix;

/**
 * The prompt that asks for the answer to `source`.
 *
 * @throws {UsageError} if it is to end, and the tokenizer has no end-of-text token.
 */
export function promptIds(
  tokenizer: Tokenizer,
  source: string,
  template: PromptTemplate,
): Int32Array {
  const ids = tokenizer.encodePrompt(promptText(source, template));
  return template.ends ? ended(tokenizer, ids) : ids;
}

/** Ids with the end of text after them. @throws {UsageError} if the tokenizer has none. */
export const ended = (tokenizer: Tokenizer, ids: Int32Array): Int32Array =>
  Int32Array.of(...ids, endOfText(tokenizer));

/**
 * A pair as a sequence of any length. Where the prompt has no tokens, the first of the target is
 * what the others follow from.
 *
 * @throws {UsageError} if the tokenizer has no end-of-text token.
 */
export function pairSequence(
  tokenizer: Tokenizer,
  { source, target, weight }: SentencePair,
  template: PromptTemplate,
): LanguageModelSequence {
  const prompt = promptIds(tokenizer, source, template);
  const answer = tokenizer.encode(target);
  const ids = new Int32Array(prompt.length + answer.length + 1);
  ids.set(prompt);
  ids.set(answer, prompt.length);
  ids[ids.length - 1] = endOfText(tokenizer);
  return {
    ids,
    lossFrom: Math.max(1, prompt.length),
    ...(weight !== undefined && { weight }),
  };
}

/**
 * Pairs as sequences of at most `contextLength + 1` tokens, in order.
 *
 * @throws {UsageError} as `fitPairs` does.
 */
export const pairSequences = (
  tokenizer: Tokenizer,
  pairs: readonly SentencePair[],
  options: PairSequencesOptions,
): PairSequences =>
  fitPairs(
    pairs,
    {
      encode: (pair) => pairSequence(tokenizer, pair, options),
      lengthOf: ({ ids }) => ids.length - 1,
    },
    options,
  );

/** Where a stream of so many tokens is cut into windows of `contextLength + 1`; the last is shorter. */
export function textWindows(length: number, contextLength: number): readonly TokenRange[] {
  const count = Math.ceil(Math.max(0, length - 1) / contextLength);
  return Array.from({ length: count }, (_, i) => [
    i * contextLength,
    Math.min(length, (i + 1) * contextLength + 1),
  ]);
}
