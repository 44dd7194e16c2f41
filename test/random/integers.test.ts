import { describe, expect, it } from "vitest";
import { integers, randomKey } from "../../src/random/index.ts";

describe("integers", () => {
  const DRAWS = 60_000;

  it.each([1, 2, 6, 100])("below %d are equally likely", (bound) => {
    const draw = integers(randomKey(1));
    const counts = new Map<number, number>();
    for (let i = 0; i < DRAWS; i += 1) {
      const drawn = draw(bound);
      counts.set(drawn, (counts.get(drawn) ?? 0) + 1);
    }
    expect(Math.min(...counts.keys())).toBe(0);
    expect(Math.max(...counts.keys())).toBe(bound - 1);
    const mean = DRAWS / bound;
    const chiSquare = [...counts.values()].reduce(
      (sum, count) => sum + (count - mean) ** 2 / mean,
      0,
    );
    // Mean bound - 1, variance 2 (bound - 1).
    expect(Math.abs(chiSquare - (bound - 1))).toBeLessThanOrEqual(4 * Math.sqrt(2 * (bound - 1)));
  });

  it("have no bias where the bound does not divide 2^32", () => {
    // Without rejection the lower third of 3 · 2^30 would hold half of the draws.
    const draw = integers(randomKey(2));
    let lower = 0;
    for (let i = 0; i < DRAWS; i += 1) lower += draw(3 * 2 ** 30) < 2 ** 30 ? 1 : 0;
    const standardError = Math.sqrt(2 / 9 / DRAWS);
    expect(Math.abs(lower / DRAWS - 1 / 3)).toBeLessThan(4 * standardError);
  });

  it("are the same for the same key", () => {
    const [a, b, other] = [integers(randomKey(3)), integers(randomKey(3)), integers(randomKey(4))];
    const many = Array.from({ length: 3000 }, () => [a(1000), b(1000), other(1000)]);
    expect(many.every(([x, y]) => x === y)).toBe(true);
    expect(many.filter(([x, , y]) => x === y).length).toBeLessThan(20);
  });
});
