/** @file Rows of unequal lengths in one array: how long it is. */

import { UsageError } from "../../errors.ts";

/** How sequences of different lengths share a batch. */
export interface PaddingOptions {
  readonly batchSize: number;
  /** The id of padding. */
  readonly pad: number;
  /** Lengths are rounded up to a multiple of this, so that few different ones occur. Default 1. */
  readonly multiple?: number;
  /** The longest input of the model in tokens, which rounding up must not pass. */
  readonly contextLength?: number;
}

/** The length of rows that hold sequences of these lengths. */
export function paddedLength(
  lengths: readonly number[],
  { multiple = 1, contextLength = Infinity }: Pick<PaddingOptions, "multiple" | "contextLength">,
): number {
  return Math.min(Math.ceil(longestOf(lengths) / multiple) * multiple, contextLength);
}

const longestOf = (lengths: readonly number[]): number =>
  lengths.reduce((most, length) => Math.max(most, length), 0);

/** @throws {UsageError} if there are no sequences, one does not fit, or the options are out of range. */
export function checkLengths(
  lengths: readonly number[],
  { batchSize, multiple = 1, contextLength = Number.MAX_SAFE_INTEGER }: PaddingOptions,
): void {
  checkSizes({ batchSize, multiple, contextLength });
  if (lengths.length === 0) throw new UsageError("batches: there are no sequences; got 0");
  const longest = longestOf(lengths);
  if (longest > contextLength) {
    throw new UsageError(`batches: the context has ${contextLength} tokens; got ${longest}`);
  }
}

/** @throws {UsageError} naming the first that is no positive integer. */
export function checkSizes(sizes: Readonly<Record<string, number>>): void {
  for (const [name, size] of Object.entries(sizes)) {
    if (!Number.isSafeInteger(size) || size < 1) {
      throw new UsageError(`batches: ${name} must be a positive integer; got ${size}`);
    }
  }
}
