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

import { UsageError } from "../errors.ts";
import type { Tokenizer } from "../text/tokenizer.ts";
import type { SentencePair } from "./pair.ts";

export interface LanguageModelSequence {
  readonly ids: Int32Array;
  /** Index into `ids` of the first token whose prediction counts; at least 1. */
  readonly lossFrom: number;
  /**
   * From where up to where predictions count, where not all from `lossFrom` on do; in order, and the
   * first begins at `lossFrom`.
   */
  readonly lossRanges?: readonly (readonly [start: number, end: number])[];
}

/** What stands before and after the source in a prompt. */
export interface PromptTemplate {
  readonly prefix: string;
  readonly suffix: string;
}

/** What becomes of examples that are longer than the context. */
export interface FittingOptions {
  /** T, the longest input of the model in tokens. */
  readonly contextLength: number;
  /**
   * What becomes of one that does not fit: an error (the default), left out, or cut. Of a pair the
   * end of its source is cut off, never the target, whose end is part of the answer; a conversation
   * loses its end.
   */
  readonly tooLong?: "refuse" | "drop" | "truncate";
}

export interface PairSequencesOptions extends PromptTemplate, FittingOptions {}

export interface FittedSequences {
  readonly sequences: readonly LanguageModelSequence[];
  /** How many examples were left out. */
  readonly dropped: number;
  /** How many were cut. */
  readonly truncated: number;
}

/** The prompt that asks for the answer to `source`. */
export const promptIds = (
  tokenizer: Tokenizer,
  source: string,
  { prefix, suffix }: PromptTemplate,
): Int32Array => tokenizer.encodePrompt(prefix + source + suffix);

/**
 * A pair as a sequence of any length.
 *
 * @throws {UsageError} if the tokenizer has no end-of-text token, or the prompt has no tokens.
 */
export function pairSequence(
  tokenizer: Tokenizer,
  { source, target }: SentencePair,
  template: PromptTemplate,
): LanguageModelSequence {
  const prompt = promptIds(tokenizer, source, template);
  if (prompt.length === 0)
    throw new UsageError("pairs: the prompt has no tokens; got an empty one");
  const answer = tokenizer.encode(target);
  const ids = new Int32Array(prompt.length + answer.length + 1);
  ids.set(prompt);
  ids.set(answer, prompt.length);
  ids[ids.length - 1] = endOfText(tokenizer);
  return { ids, lossFrom: prompt.length };
}

/**
 * Pairs as sequences of at most `contextLength + 1` tokens, in order.
 *
 * @throws {UsageError} if some do not fit and are neither dropped nor truncated, if one does not
 *   fit even with one character of its source, or if none is left.
 */
export function pairSequences(
  tokenizer: Tokenizer,
  pairs: readonly SentencePair[],
  options: PairSequencesOptions,
): FittedSequences {
  const { contextLength, tooLong = "refuse" } = options;
  const sequences = pairs.map((pair) => pairSequence(tokenizer, pair, options));
  const excess = sequences.filter(({ ids }) => ids.length - 1 > contextLength).length;

  if (excess > 0 && tooLong === "refuse") {
    const instead = 'set tooLong to "truncate" or "drop"';
    throw notFitting("pairs", sequences, { contextLength, instead });
  }
  if (tooLong === "truncate") {
    const cut = sequences.map((sequence, i) => {
      const pair = pairs[i];
      const isFitting = pair === undefined || sequence.ids.length - 1 <= contextLength;
      return isFitting ? sequence : truncatedSequence(tokenizer, pair, options);
    });
    if (cut.some(({ ids }) => ids.length - 1 > contextLength)) {
      throw notFitting("pairs", cut, { contextLength, instead: 'set tooLong to "drop"' });
    }
    return { sequences: cut, dropped: 0, truncated: excess };
  }
  const fitting = sequences.filter(({ ids }) => ids.length - 1 <= contextLength);
  if (fitting.length === 0) {
    throw new UsageError(`pairs: none fits into ${contextLength} tokens; got ${pairs.length}`);
  }
  return { sequences: fitting, dropped: excess, truncated: 0 };
}

/**
 * Texts as one stream of tokens, each as a prompt is and followed by the end-of-text token.
 *
 * @throws {UsageError} if there are several and the tokenizer has no end-of-text token.
 */
export function textTokens(tokenizer: Tokenizer, texts: readonly string[]): Int32Array {
  const isPlain = texts.length === 1 && tokenizer.endOfText === undefined;
  const ends = isPlain ? [] : [endOfText(tokenizer)];
  const documents = texts.map((text) => tokenizer.encodePrompt(text));
  const total = documents.reduce((sum, { length }) => sum + length + ends.length, 0);
  const tokens = new Int32Array(total);
  let offset = 0;
  for (const document of documents) {
    tokens.set(document, offset);
    tokens.set(ends, offset + document.length);
    offset += document.length + ends.length;
  }
  return tokens;
}

/** A stream cut into windows of `contextLength + 1` tokens, views of `tokens`; the last is shorter. */
export function textWindows(tokens: Int32Array, contextLength: number): LanguageModelSequence[] {
  const count = Math.ceil(Math.max(0, tokens.length - 1) / contextLength);
  return Array.from({ length: count }, (_, i) => ({
    ids: tokens.subarray(i * contextLength, (i + 1) * contextLength + 1),
    lossFrom: 1,
  }));
}

function endOfText(tokenizer: Tokenizer): number {
  if (tokenizer.endOfText !== undefined) return tokenizer.endOfText;
  throw new UsageError(`tokenizer: no end-of-text token; got ${tokenizer.name}`, {
    hint: 'name it as "eos_token" in tokenizer_config.json',
  });
}

/** The pair with as many first characters of its source as fit, but at least one. */
function truncatedSequence(
  tokenizer: Tokenizer,
  { source, target }: SentencePair,
  options: PairSequencesOptions,
): LanguageModelSequence {
  const characters = Array.from(source);
  const keep = (count: number) =>
    pairSequence(tokenizer, { source: characters.slice(0, count).join(""), target }, options);
  let best = keep(1);
  let tooMany = characters.length;
  for (let fits = 1; tooMany - fits > 1;) {
    const middle = (fits + tooMany) >>> 1;
    const sequence = keep(middle);
    if (sequence.ids.length - 1 > options.contextLength) {
      tooMany = middle;
    } else {
      fits = middle;
      best = sequence;
    }
  }
  return best;
}

/** The error of sequences that are longer than the context; `what` are they. */
export function notFitting(
  what: string,
  sequences: readonly LanguageModelSequence[],
  { contextLength, instead }: { readonly contextLength: number; readonly instead: string },
): UsageError {
  const lengths = sequences.map(({ ids }) => ids.length - 1);
  const longest = lengths.reduce((max, length) => Math.max(max, length), 0);
  const excess = lengths.filter((length) => length > contextLength).length;
  return new UsageError(
    `${what}: ${excess} of ${sequences.length} are longer than the context of ${contextLength} ` +
      `tokens; got up to ${longest}`,
    { hint: `raise contextLength to ${longest}, or ${instead}` },
  );
}
