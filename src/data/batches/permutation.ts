/** @file Random orders from a key. */

import { integers } from "../../random/integers.ts";
import type { Key } from "../../random/key.ts";

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
