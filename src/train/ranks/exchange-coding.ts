/**
 * @file Sums of ranks in fewer bits.
 *
 *   bfloat16   to the nearest, the even one of two          16 bits a number
 *   int8       round(127 x / max |x|) in blocks of 64       8.5 bits a number, with the scale
 *
 * Int8 rounds up or down at random, so that its mean is exact (QSGD: Alistarh et al., NeurIPS 2017, arXiv:1610.02132).
 */

import type { Coding, Codings, ExchangeDType } from "../../collective/index.ts";
import { fillBits, foldIn, type Key } from "../../random/index.ts";
import { bfloat16ToFloat32, float32ToBfloat16 } from "../../tensor/half.ts";

/** How the pieces of a sum travel; as they are if undefined. The key is of the sum and the rank. */
export function codingsOf(dtype: ExchangeDType, key: Key): Codings | undefined {
  switch (dtype) {
    case "float32":
      return undefined;
    case "bfloat16":
      return () => BFLOAT16;
    case "int8":
      return (piece) => int8(foldIn(key, piece));
  }
}

const BFLOAT16: Coding = {
  words: (count) => Math.ceil(count / 2),
  encode: (numbers, words) => halves(words).set(float32ToBfloat16(numbers)),
  decode: (words, numbers) =>
    numbers.set(bfloat16ToFloat32(halves(words).subarray(0, numbers.length))),
};

const halves = ({ buffer, byteOffset, length }: Float32Array): Uint16Array =>
  new Uint16Array(buffer, byteOffset, 2 * length);

/** Numbers with one scale. */
const BLOCK = 64;
/** The scale, and four numbers a word. */
const BLOCK_WORDS = 1 + BLOCK / 4;
const LARGEST = 127;

function int8(key: Key): Coding {
  let calls = 0;
  // Sixteen bits a number.
  const bits = new Uint32Array(BLOCK / 2);
  const noise = new Uint16Array(bits.buffer);
  return {
    words: (count) => Math.ceil(count / BLOCK) * BLOCK_WORDS,
    encode(numbers, words) {
      const own = foldIn(key, calls++);
      const bytes = bytesOf(words);
      for (let block = 0; block * BLOCK < numbers.length; block++) {
        const start = block * BLOCK;
        const end = Math.min(start + BLOCK, numbers.length);
        let largest = 0;
        // What is no number makes a scale that is none, so that it is seen.
        for (let i = start; i < end; i++) largest = Math.max(largest, Math.abs(numbers[i] ?? 0));
        const scale = Math.fround(largest / LARGEST);
        words[block * BLOCK_WORDS] = scale;
        fillBits(own, bits, (block * BLOCK) / 4);
        const at = 4 * (block * BLOCK_WORDS + 1) - start;
        for (let i = start; i < end; i++) {
          const chance = ((noise[i - start] ?? 0) + 0.5) / 2 ** 16;
          bytes[at + i] = Math.min(LARGEST, Math.floor((numbers[i] ?? 0) / scale + chance));
        }
      }
    },
    decode(words, numbers) {
      const bytes = bytesOf(words);
      for (let i = 0; i < numbers.length; i++) {
        const block = Math.floor(i / BLOCK) * BLOCK_WORDS;
        numbers[i] = (words[block] ?? 0) * (bytes[4 * (block + 1) + (i % BLOCK)] ?? 0);
      }
    },
  };
}

const bytesOf = ({ buffer, byteOffset, length }: Float32Array): Int8Array =>
  new Int8Array(buffer, byteOffset, 4 * length);
