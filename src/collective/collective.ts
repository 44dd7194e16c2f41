/** @file What processes do together. Every rank calls the same functions in the same order, or all of them wait. */

import type { Codings } from "./coded-links.ts";

/** All ranks, as one of them sees them. */
export interface Collective {
  /** From 0; what the first one does for all: it tells, and it saves. */
  readonly rank: number;
  readonly size: number;
  /** Ranks on this machine. */
  readonly localSize: number;
  /**
   * Begins to replace numbers by their sums over all ranks, in place; the arrays are not touched before they are there. Several sums may
   * be under way. The order of summation is that of the ranks, whatever the library does, so that a run repeats bit for bit, and all
   * ranks have the same sums. With codings, addends and sums travel in fewer bits.
   */
  sum(arrays: readonly Float32Array[], codings?: Codings): UnderWay;
  /** The numbers of every rank, which are as many on each. */
  gather(numbers: readonly number[]): readonly (readonly number[])[];
}

/** What goes on while its rank does other things. */
export interface UnderWay {
  /** Moves all that is under way as far as it goes without waiting: nothing moves by itself. */
  progress(): void;
  /** Waits until it is done. */
  wait(): void;
}

/** What is done already. */
export const DONE: UnderWay = { progress: () => undefined, wait: () => undefined };

/** One process. */
export const alone: Collective = {
  rank: 0,
  size: 1,
  localSize: 1,
  sum: () => DONE,
  gather: (numbers) => [numbers],
};

/** The numbers of the first rank. */
export const fromFirst = (collective: Collective, numbers: readonly number[]): readonly number[] =>
  collective.gather(numbers)[0] ?? numbers;

/** Whether something is so on any rank. */
export const someRank = (collective: Collective, isSo: boolean): boolean =>
  collective.gather([isSo ? 1 : 0]).some(([own]) => own === 1);

/** The numbers of every rank, which need not be as many. */
export function gathered(
  collective: Collective,
  numbers: readonly number[],
): readonly (readonly number[])[] {
  const counts = collective.gather([numbers.length]).map(([count = 0]) => count);
  const most = Math.max(...counts);
  const padding = Array.from({ length: most - numbers.length }, () => 0);
  return collective.gather([...numbers, ...padding]).map((all, i) => all.slice(0, counts[i]));
}
