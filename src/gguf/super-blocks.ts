/**
 * @file Blocks of 256 numbers, the "K" types: groups of 16 or 32 with scales of few bits, which share a scale d of float16 and, in
 * some types, a scale of least numbers d'.
 *
 *   Q2_K   16 × (scale, least) of 4 bits, 64 bytes of q of 2 bits, d, d'               x = d s q - d' m
 *   Q3_K   32 bytes of third bits, 64 bytes of q of 2 bits, 16 × scale of 6 bits, d    x = d (s - 32) q
 *   Q4_K   d, d', 8 × (scale, least) of 6 bits, 128 bytes of q of 4 bits               x = d s q - d' m
 *   Q5_K   d, d', 8 × (scale, least) of 6 bits, 32 bytes of fifth bits, 128 bytes      x = d s q - d' m
 *   Q6_K   128 bytes of q of 4 bits, 64 bytes of 2 bits more, 16 × scale of 8 bits, d  x = d s (q - 32)
 *
 * Products and differences round to float32 one after another, as in gguf-py 0.19 (`quants.py`).
 */

import { type ReadBlock, scaleAt } from "./blocks.ts";

const { fround } = Math;

export const q2_K: ReadBlock = (block, at, out, to) => {
  const d = scaleAt(block, at + 80);
  const dLeast = scaleAt(block, at + 82);
  for (let i = 0; i < 256; i++) {
    const group = block.getUint8(at + (i >> 4));
    const byte = block.getUint8(at + 16 + (i >> 7) * 32 + (i & 31));
    const q = (byte >> (((i >> 5) & 3) * 2)) & 3;
    out[to + i] = fround(fround(d * (group & 15)) * q) - fround(dLeast * (group >> 4));
  }
};

export const q3_K: ReadBlock = (block, at, out, to) => {
  const d = scaleAt(block, at + 108);
  for (let i = 0; i < 256; i++) {
    const group = i >> 4;
    const low = (block.getUint8(at + 96 + (group & 7)) >> ((group >> 3) * 4)) & 15;
    const high = (block.getUint8(at + 104 + (group & 3)) >> ((group >> 2) * 2)) & 3;
    const byte = block.getUint8(at + 32 + (i >> 7) * 32 + (i & 31));
    const q = (byte >> (((i >> 5) & 3) * 2)) & 3;
    const third = (block.getUint8(at + (i & 31)) >> (i >> 5)) & 1;
    out[to + i] = fround(d * ((low | (high << 4)) - 32)) * (q - (third === 1 ? 0 : 4));
  }
};

export const q4_K: ReadBlock = (block, at, out, to) => {
  for (let group = 0; group < 8; group++) {
    const { d, least } = scalesOf(block, at, group);
    const from = at + 16 + (group >> 1) * 32;
    const shift = (group & 1) * 4;
    for (let i = 0; i < 32; i++) {
      const q = (block.getUint8(from + i) >> shift) & 15;
      out[to + group * 32 + i] = fround(d * q) - least;
    }
  }
};

export const q5_K: ReadBlock = (block, at, out, to) => {
  for (let group = 0; group < 8; group++) {
    const { d, least } = scalesOf(block, at, group);
    const from = at + 48 + (group >> 1) * 32;
    const shift = (group & 1) * 4;
    for (let i = 0; i < 32; i++) {
      const fifth = (block.getUint8(at + 16 + i) >> group) & 1;
      const q = ((block.getUint8(from + i) >> shift) & 15) | (fifth << 4);
      out[to + group * 32 + i] = fround(d * q) - least;
    }
  }
};

/** d s and d' m of a group; the last four have their upper two bits with the first four. */
function scalesOf(block: DataView, at: number, group: number) {
  const byte = (i: number): number => block.getUint8(at + 4 + i);
  const scale =
    group < 4 ? byte(group) & 63 : (byte(group + 4) & 15) | ((byte(group - 4) >> 2) & 48);
  const least =
    group < 4 ? byte(group + 4) & 63 : (byte(group + 4) >> 4) | ((byte(group) >> 2) & 48);
  return { d: fround(scaleAt(block, at) * scale), least: fround(scaleAt(block, at + 2) * least) };
}

export const q6_K: ReadBlock = (block, at, out, to) => {
  const d = scaleAt(block, at + 208);
  for (let i = 0; i < 256; i++) {
    const low = (block.getUint8(at + (i >> 7) * 64 + (i & 63)) >> (((i >> 6) & 1) * 4)) & 15;
    const high = (block.getUint8(at + 128 + (i >> 7) * 32 + (i & 31)) >> (((i >> 5) & 3) * 2)) & 3;
    const scale = block.getInt8(at + 192 + (i >> 4));
    out[to + i] = fround(d * scale) * ((low | (high << 4)) - 32);
  }
};
