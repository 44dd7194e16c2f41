/** @file Some of the integers below a bound, without replacement. */

import { integers } from "./integers.ts";
import type { Key } from "./key.ts";

/**
 * `count` of the integers from 0 to `total - 1`: places `block * count` and on of the permutation that a key has, so that
 * blocks of one key do not overlap. By the first steps of a Fisher-Yates shuffle.
 */
export function randomSubset(key: Key, count: number, total: number, block = 0): Uint32Array {
  const order = new Uint32Array(total);
  for (let i = 0; i < total; i += 1) order[i] = i;
  const draw = integers(key);
  const end = (block + 1) * count;
  for (let i = 0; i < end; i += 1) {
    const j = i + draw(total - i);
    const picked = order[j] ?? 0;
    order[j] = order[i] ?? 0;
    order[i] = picked;
  }
  return order.subarray(end - count, end);
}
