/**
 * @file Threefry-2x32 with 20 rounds: Salmon, Moraes, Dror & Shaw, "Parallel random numbers: as
 * easy as 1, 2, 3", SC 2011.
 *
 *   k2 = k0 ^ k1 ^ 0x1bd11bda
 *   (x0, x1) ← (c0 + k0, c1 + k1)                                    counter c, key k
 *   round i:             x0 ← x0 + x1;  x1 ← rotl(x1, R[i mod 8]) ^ x0
 *   after 4 s rounds:    x0 ← x0 + k[s mod 3];  x1 ← x1 + k[(s + 1) mod 3] + s
 *
 * All words are 32 bits wide. For one key the map from counters to outputs is a permutation, so any
 * word is available at once and in any order: a draw has no state but its key.
 */

/** Two uint32 words. */
export interface Key {
  readonly high: number;
  readonly low: number;
}

/** The two output words of one counter. */
export function threefry2x32(
  key: Key,
  counterHigh: number,
  counterLow: number,
): readonly [number, number] {
  const pair = new Uint32Array(2);
  fillPairs(key, counterHigh, counterLow, pair);
  const [high = 0, low = 0] = pair;
  return [high, low];
}

/**
 * Random words: words 2 i and 2 i + 1 are the output of counter (0, `firstPair` + i), so that a
 * shorter array holds the beginning of a longer one. Counters stay below 2^32.
 */
export function fillBits(key: Key, out: Uint32Array, firstPair: number = 0): void {
  fillPairs(key, 0, firstPair, out);
}

/** The outputs of the counters (high, low), (high, low + 1), ... */
function fillPairs(key: Key, high: number, low: number, out: Uint32Array): void {
  // Signed words throughout: V8 keeps them in integer registers.
  const k0 = key.high | 0;
  const k1 = key.low | 0;
  const k2 = k0 ^ k1 ^ 0x1bd11bda;
  const k2Plus1 = (k2 + 1) | 0;
  const k0Plus2 = (k0 + 2) | 0;
  const k1Plus3 = (k1 + 3) | 0;
  const k2Plus4 = (k2 + 4) | 0;
  const k0Plus5 = (k0 + 5) | 0;
  const start0 = (high + k0) | 0;
  const start1 = (low + k1) | 0;

  for (let i = 0; i < out.length; i += 2) {
    let x0 = start0;
    let x1 = (start1 + (i >>> 1)) | 0;

    x0 = (x0 + x1) | 0;
    x1 = rotateLeft(x1, 13) ^ x0;
    x0 = (x0 + x1) | 0;
    x1 = rotateLeft(x1, 15) ^ x0;
    x0 = (x0 + x1) | 0;
    x1 = rotateLeft(x1, 26) ^ x0;
    x0 = (x0 + x1) | 0;
    x1 = rotateLeft(x1, 6) ^ x0;
    x0 = (x0 + k1) | 0;
    x1 = (x1 + k2Plus1) | 0;

    x0 = (x0 + x1) | 0;
    x1 = rotateLeft(x1, 17) ^ x0;
    x0 = (x0 + x1) | 0;
    x1 = rotateLeft(x1, 29) ^ x0;
    x0 = (x0 + x1) | 0;
    x1 = rotateLeft(x1, 16) ^ x0;
    x0 = (x0 + x1) | 0;
    x1 = rotateLeft(x1, 24) ^ x0;
    x0 = (x0 + k2) | 0;
    x1 = (x1 + k0Plus2) | 0;

    x0 = (x0 + x1) | 0;
    x1 = rotateLeft(x1, 13) ^ x0;
    x0 = (x0 + x1) | 0;
    x1 = rotateLeft(x1, 15) ^ x0;
    x0 = (x0 + x1) | 0;
    x1 = rotateLeft(x1, 26) ^ x0;
    x0 = (x0 + x1) | 0;
    x1 = rotateLeft(x1, 6) ^ x0;
    x0 = (x0 + k0) | 0;
    x1 = (x1 + k1Plus3) | 0;

    x0 = (x0 + x1) | 0;
    x1 = rotateLeft(x1, 17) ^ x0;
    x0 = (x0 + x1) | 0;
    x1 = rotateLeft(x1, 29) ^ x0;
    x0 = (x0 + x1) | 0;
    x1 = rotateLeft(x1, 16) ^ x0;
    x0 = (x0 + x1) | 0;
    x1 = rotateLeft(x1, 24) ^ x0;
    x0 = (x0 + k1) | 0;
    x1 = (x1 + k2Plus4) | 0;

    x0 = (x0 + x1) | 0;
    x1 = rotateLeft(x1, 13) ^ x0;
    x0 = (x0 + x1) | 0;
    x1 = rotateLeft(x1, 15) ^ x0;
    x0 = (x0 + x1) | 0;
    x1 = rotateLeft(x1, 26) ^ x0;
    x0 = (x0 + x1) | 0;
    x1 = rotateLeft(x1, 6) ^ x0;
    x0 = (x0 + k2) | 0;
    x1 = (x1 + k0Plus5) | 0;

    out[i] = x0;
    // In an array of odd length the last of these falls outside, and is ignored.
    out[i + 1] = x1;
  }
}

const rotateLeft = (word: number, by: number): number => (word << by) | (word >>> (32 - by));
