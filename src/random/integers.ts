/** @file Unbiased integers from a key. */

import type { Key } from "./key.ts";
import { fillBits } from "./threefry.ts";

/** Even, so that a block starts at a pair of words. */
const BLOCK_WORDS = 1024;
const WORD_VALUES = 2 ** 32;

/**
 * Integers of a key, one after the other: each call draws from 0 to `bound - 1`, all equally
 * likely; `bound` is an integer from 1 to 2^32.
 */
export function integers(key: Key): (bound: number) => number {
  const words = new Uint32Array(BLOCK_WORDS);
  let drawn = 0;

  const nextWord = (): number => {
    const at = drawn % BLOCK_WORDS;
    if (at === 0) fillBits(key, words, drawn / 2);
    drawn += 1;
    return words[at] ?? 0;
  };

  return (bound) => {
    // The last 2^32 mod bound words would make the small integers likelier.
    const limit = WORD_VALUES - (WORD_VALUES % bound);
    let word = nextWord();
    while (word >= limit) word = nextWord();
    return word % bound;
  };
}
