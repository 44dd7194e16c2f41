/** @file Bytes as the numbers that ranks tell each other. */

import { type Collective, fromFirst } from "./collective.ts";

/** Bytes of a number: more would not be whole numbers of float64. */
const BYTES = 6;

/** Numbers that so many bytes take. */
export const packedLength = (bytes: number): number => Math.ceil(bytes / BYTES);

export const packed = (bytes: Uint8Array): readonly number[] =>
  Array.from({ length: packedLength(bytes.length) }, (_, i) =>
    bytes.subarray(i * BYTES, (i + 1) * BYTES).reduceRight((sum, byte) => 256 * sum + byte, 0),
  );

/** @param length - bytes */
export function unpacked(numbers: readonly number[], length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let [i, left] = [0, 0]; i < length; i += 1) {
    if (i % BYTES === 0) left = numbers[i / BYTES] ?? 0;
    bytes[i] = left % 256;
    left = Math.floor(left / 256);
  }
  return bytes;
}

/** Bytes that are told at a time. */
const AT_ONCE = 6 * 2 ** 20;

/** What the first rank has, on all ranks. */
export function bytesOfFirst(
  collective: Collective,
  bytes: Uint8Array<ArrayBuffer>,
): Uint8Array<ArrayBuffer> {
  if (collective.size === 1) return bytes;
  const [length = 0] = fromFirst(collective, [bytes.length]);
  const all = new Uint8Array(length);
  // Ranks tell each other as many numbers each.
  const own = collective.rank === 0 ? bytes : all;
  for (let begin = 0; begin < length; begin += AT_ONCE) {
    const part = own.subarray(begin, begin + AT_ONCE);
    all.set(unpacked(fromFirst(collective, packed(part)), part.length), begin);
  }
  return all;
}
