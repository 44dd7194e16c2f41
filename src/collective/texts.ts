/** @file Texts that ranks tell each other, as the numbers that they tell. */

import { type Collective, gathered } from "./collective.ts";

/** Bytes of UTF-8 that a number has: more would not be whole numbers of float64. */
const BYTES = 6;

/** The texts of every rank, which need not be as many. */
export function gatheredTexts(
  collective: Collective,
  texts: readonly string[],
): readonly (readonly string[])[] {
  if (collective.size === 1) return [texts];
  const bytes = new TextEncoder().encode(JSON.stringify(texts));
  return gathered(collective, [bytes.length, ...packed(bytes)]).map(([length = 0, ...numbers]) => {
    const parsed: unknown = JSON.parse(new TextDecoder().decode(unpacked(numbers, length)));
    return Array.isArray(parsed) ? parsed.map(String) : [];
  });
}

const packed = (bytes: Uint8Array): readonly number[] =>
  Array.from({ length: Math.ceil(bytes.length / BYTES) }, (_, i) =>
    bytes.subarray(i * BYTES, (i + 1) * BYTES).reduceRight((sum, byte) => 256 * sum + byte, 0),
  );

function unpacked(numbers: readonly number[], length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let [i, left] = [0, 0]; i < length; i += 1) {
    if (i % BYTES === 0) left = numbers[i / BYTES] ?? 0;
    bytes[i] = left % 256;
    left = Math.floor(left / 256);
  }
  return bytes;
}
