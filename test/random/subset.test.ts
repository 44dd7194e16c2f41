import { describe, expect, it } from "vitest";
import { randomKey, randomSubset } from "../../src/random/index.ts";

describe("randomSubset", () => {
  it("has blocks that make up a permutation", () => {
    const blocks = [0, 1, 2].map((block) => [...randomSubset(randomKey(1), 4, 12, block)]);
    expect(blocks.flat().toSorted((a, b) => a - b)).toEqual(
      Array.from({ length: 12 }, (_, i) => i),
    );
    expect(blocks.flat()).not.toEqual(blocks.flat().toSorted((a, b) => a - b));
  });

  it("has every number in every block equally often", () => {
    const [draws, count, total] = [4000, 2, 5];
    const seen = Array.from({ length: 2 }, () => Array.from({ length: total }, () => 0));
    for (let seed = 0; seed < draws; seed += 1) {
      for (const [block, counts] of seen.entries()) {
        for (const i of randomSubset(randomKey(seed), count, total, block)) {
          counts[i] = (counts[i] ?? 0) + 1;
        }
      }
    }
    const share = count / total;
    const standardError = Math.sqrt(share * (1 - share) * draws);
    for (const each of seen.flat()) {
      expect(Math.abs(each - draws * share)).toBeLessThan(4 * standardError);
    }
  });
});
