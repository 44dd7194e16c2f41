/** @file Unbiased integers and permutations from a key. */

import type { Key } from "../random/key.ts";
import { fillBits } from "../random/threefry.ts";

const WORDS_AT_ONCE = 1024;
const WORD_VALUES = 2 ** 32;

/**
 * Integers of a key, one after the other: each call draws from 0 to `bound - 1`, all equally
 * likely.
 */
export function integers(key: Key): (bound: number) => number {
  const words = new Uint32Array(WORDS_AT_ONCE);
  let pairs = 0; // of words drawn
  let used = WORDS_AT_ONCE;

  const nextWord = (): number => {
    if (used === WORDS_AT_ONCE) {
      fillBits(key, words, pairs);
      pairs += WORDS_AT_ONCE / 2;
      used = 0;
    }
    const word = words[used] ?? 0;
    used += 1;
    return word;
  };

  return (bound) => {
    // The last WORD_VALUES mod bound words would make the small integers likelier.
    const limit = WORD_VALUES - (WORD_VALUES % bound);
    let word = nextWord();
    while (word >= limit) word = nextWord();
    return word % bound;
  };
}

/** The integers from 0 to `length - 1` in a random order, by the Fisher-Yates shuffle. */
export function permutation(key: Key, length: number): Uint32Array {
  const order = Uint32Array.from({ length }, (_, i) => i);
  const draw = integers(key);
  for (let i = length - 1; i > 0; i -= 1) {
    const j = draw(i + 1);
    const last = order[i] ?? 0;
    order[i] = order[j] ?? 0;
    order[j] = last;
  }
  return order;
}
