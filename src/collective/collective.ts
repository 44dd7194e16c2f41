/** @file What processes do together. Every rank calls the same functions in the same order, or all of them wait. */

import type { Coding } from "./coded-links.ts";

/** All ranks, as one of them sees them. */
export interface Collective {
  /** From 0; what the first one does for all: it tells, and it saves. */
  readonly rank: number;
  readonly size: number;
  /** Ranks on this machine. */
  readonly localSize: number;
  /**
   * Replaces numbers by their sums over all ranks, in place. The order of summation is that of the ranks, whatever the library does, so
   * that a run repeats bit for bit, and all ranks have the same sums. With a coding, addends and sums travel in fewer bits.
   */
  sum(arrays: readonly Float32Array[], coding?: Coding): void;
  /** The numbers of every rank, which are as many on each. */
  gather(numbers: readonly number[]): readonly (readonly number[])[];
}

/** One process. */
export const alone: Collective = {
  rank: 0,
  size: 1,
  localSize: 1,
  sum: () => undefined,
  gather: (numbers) => [numbers],
};

/** The numbers of the first rank. */
export const fromFirst = (collective: Collective, numbers: readonly number[]): readonly number[] =>
  collective.gather(numbers)[0] ?? numbers;
