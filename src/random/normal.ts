/**
 * @file Words to normal numbers: the inverse normal distribution function at p = (word + ½) / 2^32,
 * by PPND7 of Wichura, "Algorithm AS 241: The percentage points of the normal distribution",
 * Applied Statistics 37 (1988), good to about 1 part in 10^7.
 *
 *   q = p - ½
 *   |q| ≤ 0.425:  z = q A(r) / B(r),      r = 0.425² - q²
 *   otherwise:    z = ± C(r) / D(r),      r = √(-ln min(p, 1 - p)) - 1.6
 *
 * AS 241 has a third case where √(-ln p) > 5, which no 32-bit word reaches: at 2^-33 it is 4.78.
 */

import { logOfInteger } from "./elementary.ts";

const SIGN_BIT = 0x80000000 | 0;
/** The first signed word with q > 0.425; with those below its complement it makes up the tails. */
const TAIL_START = Math.ceil(0.425 * 2 ** 32);
const LOG_2_33 = 33 * Math.LN2;

/**
 * out[i] = scale Φ⁻¹((words[i] + ½) / 2^32), in double precision, rounded to float32.
 *
 * @param words - at least as many as `out` has entries
 * @param tails - scratch, of at least as many entries; at most 65536 of them
 */
export function normalsOfWords(
  words: Uint32Array,
  out: Float32Array,
  scale: number,
  tails: Uint16Array,
): void {
  // Every entry by the central formula, then the 15 % in the tails: a branch an entry that the
  // processor cannot predict costs more than the central values that are thrown away.
  let tailCount = 0;
  for (let i = 0; i < out.length; i += 1) {
    const word = (words[i] ?? 0) ^ SIGN_BIT;
    out[i] = scale * centralQuantile(word);
    tails[tailCount] = i;
    tailCount += (TAIL_START - 1 - (word ^ (word >> 31))) >>> 31;
  }
  for (let t = 0; t < tailCount; t += 1) {
    const i = tails[t] ?? 0;
    out[i] = scale * tailQuantile((words[i] ?? 0) ^ SIGN_BIT);
  }
}

/** The quantile at q = (word + ½) / 2^32 for a signed word, |q| ≤ 0.425. */
function centralQuantile(word: number): number {
  const q = (word + 0.5) * 2 ** -32;
  const r = 0.180625 - q * q;
  const a = 3.3871327179 + r * (50.434271938 + r * (159.29113202 + r * 59.10937472));
  const b = 1 + r * (17.895169469 + r * (78.757757664 + r * 67.1875636));
  return (q * a) / b;
}

/** The quantile at q = (word + ½) / 2^32 for a signed word, |q| > 0.425. */
function tailQuantile(word: number): number {
  const sign = word >> 31;
  // min(p, 1 - p) = odd / 2^33.
  const odd = 2 * (word ^ sign ^ 0x7fffffff) + 1;
  const r = Math.sqrt(LOG_2_33 - logOfInteger(odd)) - 1.6;
  const c = 1.4234372777 + r * (2.75681539 + r * (1.3067284816 + r * 0.17023821103));
  const d = 1 + r * (0.7370016425 + r * 0.12021132975);
  return ((sign | 1) * c) / d;
}
