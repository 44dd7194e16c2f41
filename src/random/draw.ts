/**
 * @file Draws from a key into arrays of the caller. The same key gives the same bits on every
 * runtime, and a shorter array holds the beginning of a longer one.
 *
 * Words come in blocks that stay in the first-level cache; memory does not grow with the output.
 */

import { UsageError } from "../errors.ts";
import type { Key } from "./key.ts";
import { normalsOfWords } from "./normal.ts";
import { fillBits } from "./threefry.ts";

/** Even, so that a block starts at a pair of words. */
const BLOCK_WORDS = 1024;

/** Uniform numbers from [low, high): low + (high - low) n / 2^24, the n from the upper 24 bits. */
export function fillUniform(key: Key, out: Float32Array, low: number, high: number): void {
  const step = (high - low) * 2 ** -24;
  forEachBlock(key, out.length, (words, start, end) => {
    for (let i = start; i < end; i += 1) out[i] = low + step * ((words[i - start] ?? 0) >>> 8);
  });
}

/** Normal numbers of mean 0 and standard deviation `scale`. */
export function fillNormal(key: Key, out: Float32Array, scale: number): void {
  const tails = new Uint16Array(BLOCK_WORDS);
  forEachBlock(key, out.length, (words, start, end) => {
    normalsOfWords(words, out.subarray(start, end), scale, tails);
  });
}

/** `scale` or `-scale`, with equal probability: a bit an entry, lowest bit first. */
export function fillRademacher(key: Key, out: Float32Array, scale: number): void {
  forEachBlock(key, Math.ceil(out.length / 32), (words, start, end) => {
    for (let i = start; i < end; i += 1) {
      const word = words[i - start] ?? 0;
      const last = Math.min(32, out.length - 32 * i);
      for (let bit = 0; bit < last; bit += 1) {
        out[32 * i + bit] = scale * (1 - (((word >>> bit) & 1) << 1));
      }
    }
  });
}

/**
 * A mask for dropout: 0 with probability `dropRate`, rounded to a multiple of 2^-16, otherwise 1.
 * Two entries a word, lower half first.
 *
 * @throws {UsageError} if `dropRate` is not between 0 and 1.
 */
export function fillKeepMask(key: Key, out: Uint8Array, dropRate: number): void {
  if (!(dropRate >= 0 && dropRate <= 1)) {
    throw new UsageError(`keep mask: needs a drop rate between 0 and 1; got ${dropRate}`);
  }
  const dropped = Math.round(dropRate * 2 ** 16);
  const keep = (half: number): number => 1 - ((half - dropped) >>> 31);
  forEachBlock(key, Math.ceil(out.length / 2), (words, start, end) => {
    for (let i = start; i < end; i += 1) {
      const word = words[i - start] ?? 0;
      out[2 * i] = keep(word & 0xffff);
      // In an array of odd length the last of these falls outside, and is ignored.
      out[2 * i + 1] = keep(word >>> 16);
    }
  });
}

/** The upper `bits` of sixteen random bits an entry, two entries a word, lower half first. */
export function fillHalfWords(key: Key, out: Uint16Array, bits = 16): void {
  const dropped = 16 - bits;
  forEachBlock(key, Math.ceil(out.length / 2), (words, start, end) => {
    for (let i = start; i < end; i += 1) {
      const word = words[i - start] ?? 0;
      out[2 * i] = (word & 0xffff) >>> dropped;
      // In an array of odd length the last of these falls outside, and is ignored.
      out[2 * i + 1] = word >>> (16 + dropped);
    }
  });
}

/** Calls `use` with the words from `start` to `end - 1` of a key, block by block. */
function forEachBlock(
  key: Key,
  wordCount: number,
  use: (words: Uint32Array, start: number, end: number) => void,
): void {
  const words = new Uint32Array(Math.min(BLOCK_WORDS, wordCount));
  for (let start = 0; start < wordCount; start += BLOCK_WORDS) {
    fillBits(key, words, start / 2);
    use(words, start, Math.min(start + BLOCK_WORDS, wordCount));
  }
}
