/** @file Pairs that fit into the context of a model, and what becomes of those that do not. */

import { UsageError } from "../errors.ts";
import type { SentencePair } from "./pair.ts";

export interface FitOptions {
  /** The longest input of the model in tokens. */
  readonly contextLength: number;
  /**
   * What becomes of a pair that does not fit: an error (the default), left out, or the end of
   * its source cut off. A target is never cut, since its end is part of the answer.
   */
  readonly tooLong?: "refuse" | "drop" | "truncate";
}

/** How a pair becomes what a model is trained on. */
export interface PairEncoding<T> {
  readonly encode: (pair: SentencePair) => T;
  /** Tokens of the longest input that this makes. */
  readonly lengthOf: (sequence: T) => number;
}

export interface Fitted<T> {
  readonly sequences: readonly T[];
  /** How many pairs were left out. */
  readonly dropped: number;
  /** How many sources were cut. */
  readonly truncated: number;
}

/**
 * Pairs as sequences of at most `contextLength` tokens, in order.
 *
 * @throws {UsageError} if some do not fit and are neither dropped nor truncated, if one does not
 *   fit even with one character of its source, or if none is left.
 */
export function fitPairs<T>(
  pairs: readonly SentencePair[],
  encoding: PairEncoding<T>,
  { contextLength, tooLong = "refuse" }: FitOptions,
): Fitted<T> {
  const { encode, lengthOf } = encoding;
  const fits = (sequence: T) => lengthOf(sequence) <= contextLength;
  const notFitting = (sequences: readonly T[], alternative: string) =>
    tooLongError(sequences.map(lengthOf), contextLength, alternative);
  const sequences = pairs.map(encode);
  const excess = sequences.filter((sequence) => !fits(sequence)).length;

  if (excess > 0 && tooLong === "refuse") {
    throw notFitting(sequences, 'set tooLong to "truncate" or "drop"');
  }
  if (tooLong === "truncate") {
    const cut = sequences.map((sequence, i) => {
      const pair = pairs[i];
      return pair === undefined || fits(sequence) ? sequence : truncated(pair, encode, fits);
    });
    if (!cut.every(fits)) throw notFitting(cut, 'set tooLong to "drop"');
    return { sequences: cut, dropped: 0, truncated: excess };
  }
  const fitting = sequences.filter(fits);
  if (fitting.length === 0) {
    throw new UsageError(`pairs: none fits into ${contextLength} tokens; got ${pairs.length}`);
  }
  return { sequences: fitting, dropped: excess, truncated: 0 };
}

/** The pair with as many first characters of its source as fit, but at least one. */
function truncated<T>(
  { source, target }: SentencePair,
  encode: (pair: SentencePair) => T,
  fits: (sequence: T) => boolean,
): T {
  const characters = Array.from(source);
  const keep = (count: number) => encode({ source: characters.slice(0, count).join(""), target });
  let best = keep(1);
  let tooMany = characters.length;
  for (let fitting = 1; tooMany - fitting > 1;) {
    const middle = (fitting + tooMany) >>> 1;
    const sequence = keep(middle);
    if (fits(sequence)) {
      fitting = middle;
      best = sequence;
    } else {
      tooMany = middle;
    }
  }
  return best;
}

function tooLongError(
  lengths: readonly number[],
  contextLength: number,
  alternative: string,
): UsageError {
  const excess = lengths.filter((length) => length > contextLength).length;
  const longest = lengths.reduce((max, length) => Math.max(max, length), 0);
  return new UsageError(
    `pairs: ${excess} of ${lengths.length} are longer than the context of ${contextLength} ` +
      `tokens; got up to ${longest}`,
    { hint: `raise contextLength to ${longest}, or ${alternative}` },
  );
}
