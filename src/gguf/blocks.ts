/**
 * @file Blocks of 32 numbers that share a scale d, and some a least number m:
 *
 *   Q8_0   d f16, 32 × q i8                                  x = d q
 *   Q4_0   d f16, 16 × two q of 4 bits                       x = d (q - 8)
 *   Q4_1   d f16, m f16, 16 × two q of 4 bits                x = d q + m
 *   Q5_0   d f16, the fifth bits u32, 16 × two q of 4 bits   x = d (q - 16)
 *   Q5_1   d f16, m f16, the fifth bits u32, 16 × two q      x = d q + m
 *
 * The lower halves of the 16 bytes are the first 16 numbers, the upper ones the others. Products and sums round to float32 one
 * after another, as in gguf-py 0.19 (`quants.py`). A block of Q8_0 is made as there: d = max |x| / 127, q = round(x / d).
 */

import { float32ToFloat16, valueOfFloat16 } from "../tensor/half.ts";

/** Writes the numbers of the block at `at` into `out` from `to` on. */
export type ReadBlock = (block: DataView, at: number, out: Float32Array, to: number) => void;

const HALF = 16;
const { fround } = Math;

/** The float16 at an offset. */
export const scaleAt = (block: DataView, at: number): number =>
  valueOfFloat16(block.getUint16(at, true));

export const q8_0: ReadBlock = (block, at, out, to) => {
  const d = scaleAt(block, at);
  for (let i = 0; i < 2 * HALF; i++) out[to + i] = d * block.getInt8(at + 2 + i);
};

export const q4_0: ReadBlock = (block, at, out, to) => {
  const d = scaleAt(block, at);
  for (let i = 0; i < HALF; i++) {
    const q = block.getUint8(at + 2 + i);
    out[to + i] = d * ((q & 15) - 8);
    out[to + HALF + i] = d * ((q >> 4) - 8);
  }
};

export const q4_1: ReadBlock = (block, at, out, to) => {
  const d = scaleAt(block, at);
  const m = scaleAt(block, at + 2);
  for (let i = 0; i < HALF; i++) {
    const q = block.getUint8(at + 4 + i);
    out[to + i] = fround(d * (q & 15)) + m;
    out[to + HALF + i] = fround(d * (q >> 4)) + m;
  }
};

export const q5_0: ReadBlock = (block, at, out, to) => {
  const d = scaleAt(block, at);
  const fifth = block.getUint32(at + 2, true);
  for (let i = 0; i < HALF; i++) {
    const q = block.getUint8(at + 6 + i);
    out[to + i] = d * (((q & 15) | fifthBit(fifth, i)) - 16);
    out[to + HALF + i] = d * (((q >> 4) | fifthBit(fifth, HALF + i)) - 16);
  }
};

export const q5_1: ReadBlock = (block, at, out, to) => {
  const d = scaleAt(block, at);
  const m = scaleAt(block, at + 2);
  const fifth = block.getUint32(at + 4, true);
  for (let i = 0; i < HALF; i++) {
    const q = block.getUint8(at + 8 + i);
    out[to + i] = fround(d * ((q & 15) | fifthBit(fifth, i))) + m;
    out[to + HALF + i] = fround(d * ((q >> 4) | fifthBit(fifth, HALF + i))) + m;
  }
};

const fifthBit = (word: number, i: number): number => ((word >>> i) & 1) << 4;

/** Numbers as blocks of Q8_0; their count is a multiple of 32. */
export function toQ8_0(values: Float32Array): Uint8Array {
  const count = values.length / 32;
  const out = new Uint8Array(count * 34);
  const view = new DataView(out.buffer);
  const scale = new Float32Array(1);
  for (let block = 0; block < count; block++) {
    const from = block * 32;
    let largest = 0;
    for (let i = from; i < from + 32; i++) largest = Math.max(largest, Math.abs(values[i] ?? 0));
    const d = fround(largest / 127);
    const inverse = d === 0 ? 0 : fround(1 / d);
    scale[0] = d;
    view.setUint16(block * 34, float32ToFloat16(scale)[0] ?? 0, true);
    for (let i = 0; i < 32; i++) {
      const x = fround((values[from + i] ?? 0) * inverse);
      view.setInt8(block * 34 + 2 + i, roundAway(x));
    }
  }
  return out;
}

/** To the nearest whole number, from 0 away where there are two. */
const roundAway = (x: number): number => Math.sign(x) * Math.floor(Math.abs(x) + 0.5);
