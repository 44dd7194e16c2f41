/**
 * @file Keys: 64 bits that name a stream of random numbers.
 *
 * A key is derived by chaining Threefry over blocks b of 64 bits, the last of which holds a tag for
 * the kind of data and its length in bytes, so that no sequence of derivations spells another one:
 *
 *   foldIn(k, data) = E(E(... E(k, b1) ..., bn), (tag, length))        E(key, counter)
 *
 * @example
 * const key = foldIn(foldIn(randomKey(seed), "h.0.attn.c_attn.weight"), cycle);
 */

import { UsageError } from "../errors.ts";
import { type Key, threefry2x32 } from "./threefry.ts";

export type { Key } from "./threefry.ts";

const STRING_TAG = 1;
const INTEGER_TAG = 2;

/** The key of a seed. @throws {UsageError} if it is no safe integer. */
export const randomKey = (seed: number): Key => integerWords("random key", seed);

/**
 * A new key from a key and a string (its UTF-8 bytes) or an integer; "1" and 1 differ.
 *
 * @throws {UsageError} if `data` is a number but no safe integer.
 */
export function foldIn(key: Key, data: string | number): Key {
  if (typeof data === "number") {
    const chained = encrypt(key, integerWords("fold in", data));
    return encrypt(chained, { high: INTEGER_TAG, low: 8 });
  }
  const bytes = new TextEncoder().encode(data);
  let chained = key;
  for (let at = 0; at < bytes.length; at += 8) {
    chained = encrypt(chained, { high: wordAt(bytes, at), low: wordAt(bytes, at + 4) });
  }
  return encrypt(chained, { high: STRING_TAG, low: bytes.length });
}

function encrypt(key: Key, block: Key): Key {
  const [high, low] = threefry2x32(key, block.high, block.low);
  return { high, low };
}

/** The two's complement of an integer in 64 bits. */
function integerWords(what: string, integer: number): Key {
  if (!Number.isSafeInteger(integer)) {
    throw new UsageError(`${what}: needs a safe integer; got ${integer}`);
  }
  return { high: Math.floor(integer / 2 ** 32) >>> 0, low: integer >>> 0 };
}

/** Four bytes, little-endian; zeros after the end. */
function wordAt(bytes: Uint8Array, at: number): number {
  const [a = 0, b = 0, c = 0, d = 0] = bytes.subarray(at, at + 4);
  return (a | (b << 8) | (c << 16) | (d << 24)) >>> 0;
}
