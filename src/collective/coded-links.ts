/** @file Links over which numbers travel in fewer bits. Whoever receives them has the same numbers, the sender of sums included. */

import type { Links } from "./ordered-sum.ts";

/** As what numbers travel. */
export const EXCHANGE_DTYPES = ["float32", "bfloat16", "int8"] as const;

export type ExchangeDType = (typeof EXCHANGE_DTYPES)[number];

/** How a block of numbers is written in fewer words of 32 bits, which are sent as they are. */
export interface Coding {
  /** Words of a block of so many numbers. */
  words(count: number): number;
  /** Writes a block; `words` are as many as `words` says, and what their bits are as floats means nothing. */
  encode(numbers: Float32Array, words: Float32Array): void;
  /** Reads a block of as many numbers. */
  decode(words: Float32Array, numbers: Float32Array): void;
}

/** That of each piece of a sum, which may depend on its number: which pieces come first is not known. */
export type Codings = (piece: number) => Coding;

/** Each block is encoded by itself; one's own comes back decoded like the others. */
export function codedLinks(links: Links, { words, encode, decode }: Coding): Links {
  const { rank, size } = links;
  /** Encodes blocks, sends them, and decodes what comes of every rank. */
  const through =
    (exchange: Links["allGather"], blocks: number): Links["allGather"] =>
    (numbers, theirs, block) => {
      const coded = words(block);
      const sent = new Float32Array(blocks * coded);
      const received = new Float32Array(size * coded);
      for (let i = 0; i < blocks; i++) encode(part(numbers, i, block), part(sent, i, coded));
      const { test, wait } = exchange(sent, received, coded);
      return {
        wait,
        test() {
          if (!test()) return false;
          for (let i = 0; i < size; i++) decode(part(received, i, coded), part(theirs, i, block));
          return true;
        },
      };
    };
  return {
    rank,
    size,
    allToAll: through(links.allToAll, size),
    allGather: through(links.allGather, 1),
  };
}

const part = (array: Float32Array, index: number, length: number): Float32Array =>
  array.subarray(index * length, (index + 1) * length);
