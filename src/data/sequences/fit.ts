/** @file Examples that fit into the context of a model, and what becomes of those that do not. */

import { option, UsageError } from "../../errors.ts";
import type { SentencePair } from "../examples/pairs.ts";

/** How long examples may be, and what becomes of longer ones. */
export interface FitOptions {
  /** The longest input of the model in tokens. */
  readonly contextLength: number;
  /**
   * What becomes of an example that does not fit: an error (the default), left out, or cut. A pair
   * loses the end of its source, never of its target, whose end is part of the answer; a
   * conversation loses its end.
   */
  readonly tooLong?: "refuse" | "drop" | "truncate";
}

/** How an example becomes what a model is trained on. */
export interface ExampleEncoding<Example, T> {
  /** In the plural, for messages. */
  readonly what: string;
  /** The tokens of an example. */
  readonly encode: (example: Example) => T;
  /** Tokens of the longest input that this makes. */
  readonly lengthOf: (sequence: T) => number;
  /** The texts that may be cut, and the example with these in their place. */
  readonly texts: (example: Example) => readonly string[];
  /** The example with cut texts in the place of its own. */
  readonly withTexts: (example: Example, texts: readonly string[]) => Example;
}

export type PairEncoding<T> = Pick<ExampleEncoding<SentencePair, T>, "encode" | "lengthOf">;

/** Examples that fit, and how many did not. */
export interface Fitted<T> {
  readonly sequences: readonly T[];
  /** How many examples were left out because they are too long. */
  readonly dropped: number;
  /** How many were cut. */
  readonly truncated: number;
  /** How many were left out because nothing is learned from them. */
  readonly empty: number;
  /** The index of the example that each sequence was made of, where one may become several, or none. */
  readonly places?: readonly number[];
}

/** Pairs as sequences of at most `contextLength` tokens, in order. @throws {UsageError} as `fitExamples` does. */
export const fitPairs = <T>(
  pairs: readonly SentencePair[],
  encoding: PairEncoding<T>,
  options: FitOptions,
): Fitted<T> =>
  fitExamples(
    pairs,
    {
      ...encoding,
      what: "pairs",
      texts: ({ source }) => [source],
      withTexts: (pair, [source = ""]) => ({ ...pair, source }),
    },
    options,
  );

/**
 * Examples as sequences of at most `contextLength` tokens, in order; none, if all are left out.
 *
 * @throws {UsageError} if some do not fit and are neither dropped nor truncated, or if one does not
 *   fit even with one character of its text.
 */
export function fitExamples<Example, T>(
  examples: readonly Example[],
  encoding: ExampleEncoding<Example, T>,
  { contextLength, tooLong = "refuse" }: FitOptions,
): Fitted<T> {
  const { what, encode, lengthOf } = encoding;
  const fits = (sequence: T) => lengthOf(sequence) <= contextLength;
  const notFitting = (sequences: readonly T[], alternative: string) =>
    tooLongError(what, sequences.map(lengthOf), { contextLength, alternative });
  const sequences = examples.map(encode);
  const excess = sequences.filter((sequence) => !fits(sequence)).length;

  if (excess > 0 && tooLong === "refuse") {
    throw notFitting(sequences, `set ${option("tooLong")} to "truncate" or "drop"`);
  }
  if (tooLong === "truncate") {
    const cut = sequences.map((sequence, i) => {
      const [example] = examples.slice(i, i + 1);
      return example === undefined || fits(sequence)
        ? sequence
        : truncated(example, encoding, fits);
    });
    if (!cut.every(fits)) throw notFitting(cut, `set ${option("tooLong")} to "drop"`);
    return { sequences: cut, dropped: 0, truncated: excess, empty: 0 };
  }
  return {
    sequences: sequences.filter(fits),
    ...(excess > 0 && { places: sequences.flatMap((each, i) => (fits(each) ? [i] : [])) }),
    dropped: excess,
    truncated: 0,
    empty: 0,
  };
}

/** The example with as many first characters of each of its texts as fit, but at least one. */
function truncated<Example, T>(
  example: Example,
  { encode, texts, withTexts }: ExampleEncoding<Example, T>,
  fits: (sequence: T) => boolean,
): T {
  const characters = texts(example).map((text) => Array.from(text));
  const keep = (count: number) =>
    encode(
      withTexts(
        example,
        characters.map((each) => each.slice(0, count).join("")),
      ),
    );
  let best = keep(1);
  let tooMany = characters.reduce((most, { length }) => Math.max(most, length), 0);
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

/** The error of examples whose inputs have those lengths; `what` are they. */
export function tooLongError(
  what: string,
  lengths: readonly number[],
  { contextLength, alternative }: { readonly contextLength: number; readonly alternative: string },
): UsageError {
  const excess = lengths.filter((length) => length > contextLength).length;
  const longest = lengths.reduce((max, length) => Math.max(max, length), 0);
  return new UsageError(
    `${what}: ${excess} of ${lengths.length} are longer than the context of ${contextLength} ` +
      `tokens; got up to ${longest}`,
    {
      hint: `${alternative}, or, if the model allows it, ${option("contextLength")} to ${longest}`,
    },
  );
}
