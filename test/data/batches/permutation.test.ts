import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { permutation } from "../../../src/data/batches/permutation.ts";
import { integers } from "../../../src/random/integers.ts";
import { foldIn, randomKey } from "../../../src/random/key.ts";

const key = randomKey(7);
const seeds = fc.nat();

/** Pearson's statistic for equally likely outcomes. */
function chiSquared(counts: readonly number[]): number {
  const expected = counts.reduce((sum, count) => sum + count, 0) / counts.length;
  return counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
}

describe("permutation", () => {
  it("holds every index once", () => {
    fc.assert(
      fc.property(seeds, fc.nat({ max: 3000 }), (seed, length) => {
        const sorted = permutation(randomKey(seed), length).toSorted();
        expect(sorted).toEqual(Uint32Array.from({ length }, (_, i) => i));
      }),
      { numRuns: 30 },
    );
  });

  it("depends on the key alone", () => {
    expect(permutation(key, 100)).toEqual(permutation(key, 100));
    expect(permutation(key, 100)).not.toEqual(permutation(foldIn(key, 1), 100));
  });

  it("takes every order equally often", () => {
    const counts = new Map<string, number>();
    for (let i = 0; i < 24_000; i += 1) {
      const order = permutation(foldIn(key, i), 4).join("");
      counts.set(order, (counts.get(order) ?? 0) + 1);
    }
    expect(counts.size).toBe(24);
    // The 99.99 % quantile of chi-squared with 23 degrees of freedom (scipy.stats.chi2.ppf).
    expect(chiSquared([...counts.values()])).toBeLessThan(57.1);
  });
});

describe("integers", () => {
  it("are below their bound", () => {
    fc.assert(
      fc.property(seeds, fc.integer({ min: 1, max: 2 ** 32 }), (seed, bound) => {
        const draw = integers(randomKey(seed));
        for (let i = 0; i < 20; i += 1) {
          const value = draw(bound);
          expect(Number.isInteger(value) && value >= 0 && value < bound).toBe(true);
        }
      }),
    );
  });

  it("are unbiased where the bound does not divide the range", () => {
    // Without rejection the lower half of 3/4 of 2³² would come up twice as often as the rest.
    const bound = 3 * 2 ** 30;
    const draw = integers(key);
    const thirds = [0, 0, 0];
    for (let i = 0; i < 30_000; i += 1) {
      const third = Math.floor(draw(bound) / 2 ** 30);
      thirds[third] = (thirds[third] ?? 0) + 1;
    }
    // The 99.99 % quantile of chi-squared with 2 degrees of freedom (scipy.stats.chi2.ppf).
    expect(chiSquared(thirds)).toBeLessThan(18.5);
  });
});
