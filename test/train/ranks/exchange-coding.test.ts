/** Sums in fewer bits, number by number: how far off they may be, that their mean is exact, and that all ranks have the same. */

import { describe, expect, it } from "vitest";
import type { ExchangeDType } from "../../../src/collective/index.ts";
import { randomKey } from "../../../src/random/index.ts";
import { float32ToBfloat16, bfloat16ToFloat32 } from "../../../src/tensor/half.ts";
import { codingsOf } from "../../../src/train/ranks/exchange-coding.ts";
import { normals } from "../../support/random.ts";

function coded(dtype: ExchangeDType, numbers: Float32Array, seed = 1): Float32Array {
  const coding = codingsOf(dtype, randomKey(seed))?.(0);
  if (!coding) return numbers;
  const words = new Float32Array(coding.words(numbers.length));
  coding.encode(numbers, words);
  const decoded = new Float32Array(numbers.length).fill(Number.NaN);
  coding.decode(words, decoded);
  return decoded;
}

const drawn = (length: number) => Float32Array.from({ length }, normals(3));

describe("words of a block", () => {
  it.each<readonly [ExchangeDType, number, number | undefined]>([
    ["float32", 128, undefined],
    ["bfloat16", 128, 64],
    ["bfloat16", 3, 2],
    // A scale and 64 bytes.
    ["int8", 64, 17],
    ["int8", 65, 34],
    ["int8", 0, 0],
  ])("%s: %i numbers", (dtype, count, words) => {
    expect(codingsOf(dtype, randomKey(1))?.(0).words(count)).toBe(words);
  });
});

describe("numbers that travel", () => {
  it("as bfloat16 are the nearest ones", () => {
    const numbers = drawn(77);
    expect(coded("bfloat16", numbers)).toEqual(bfloat16ToFloat32(float32ToBfloat16(numbers)));
  });

  it("as int8 are within a 127th of the largest of their block", () => {
    const numbers = drawn(200);
    // Another magnitude a block.
    numbers.forEach((x, i) => (numbers[i] = x * 10 ** (4 * Math.floor(i / 64))));
    for (const [i, x] of coded("int8", numbers).entries()) {
      const block = numbers.subarray(64 * Math.floor(i / 64), 64 * Math.floor(i / 64) + 64);
      const step = Math.max(...block.map(Math.abs)) / 127;
      expect(Math.abs(x - (numbers[i] ?? 0))).toBeLessThan(step * (1 + 1e-5));
    }
  });

  it("as int8 are right on average, and the same for the same key", () => {
    const numbers = drawn(64);
    const times = 4000;
    const sum = new Float64Array(64);
    for (let seed = 0; seed < times; seed++) {
      coded("int8", numbers, seed).forEach((x, i) => (sum[i] = (sum[i] ?? 0) + x));
    }
    const step = Math.max(...numbers.map(Math.abs)) / 127;
    // Half a step is the largest deviation of one; five of a mean's.
    const bound = (5 * step) / 2 / Math.sqrt(times);
    for (const [i, x] of numbers.entries()) {
      expect(Math.abs((sum[i] ?? 0) / times - x)).toBeLessThan(bound);
    }
    expect(coded("int8", numbers, 7)).toEqual(coded("int8", numbers, 7));
    expect(coded("int8", numbers, 7)).not.toEqual(coded("int8", numbers, 8));
  });

  it.each<readonly [ExchangeDType]>([["bfloat16"], ["int8"]])(
    "as %s stay zero, and what is no number stays none",
    (dtype) => {
      expect([...coded(dtype, new Float32Array(5))]).toEqual([0, 0, 0, 0, 0]);
      expect(coded(dtype, Float32Array.of(1, Number.NaN, 2))[1]).toBeNaN();
      expect(coded(dtype, Float32Array.of(1, Infinity))[1]).not.toSatisfy(Number.isFinite);
    },
  );
});
