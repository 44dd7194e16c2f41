import { describe, expect, it } from "vitest";
import { mixedOrder } from "../../../src/data/batches/mixed-order.ts";
import { randomKey } from "../../../src/random/key.ts";

/** 100 of part 0, 30 of part 1, 5 of part 2. */
const PARTS = [100, 30, 5].flatMap((count, part) => Array.from({ length: count }, () => part));
const order = (weights: readonly number[], seed = 1) => mixedOrder(PARTS, weights, randomKey(seed));
const countsOf = (drawn: Uint32Array) =>
  [0, 1, 2].map((part) => drawn.reduce((sum, i) => sum + (PARTS[i] === part ? 1 : 0), 0));

describe("an epoch of several parts", () => {
  it.each([
    [
      [1, 1, 1],
      [45, 45, 45],
    ],
    [
      [3, 1, 1],
      [81, 27, 27],
    ],
    [
      [100, 30, 5],
      [100, 30, 5],
    ],
    // 135 / 8 = 16.875, three times 16.875 = 50.625 and four times 67.5.
    [
      [1, 3, 4],
      [17, 51, 67],
    ],
    [
      [0.2, 0.6, 0.8],
      [17, 51, 67],
    ],
  ])("of weights %j has of each %j", (weights, counts) => {
    for (const epoch of [0, 1, 7]) expect(countsOf(order(weights)(epoch))).toEqual(counts);
  });

  it("goes through a part as a whole before it begins anew, also across epochs", () => {
    const epochs = order([1, 1, 1]);
    const times = new Map<number, number>();
    for (let epoch = 0; epoch < 20; epoch += 1) {
      for (const i of epochs(epoch)) times.set(i, (times.get(i) ?? 0) + 1);
      for (const part of [0, 1, 2]) {
        const own = PARTS.flatMap((each, i) => (each === part ? [times.get(i) ?? 0] : []));
        expect(Math.max(...own) - Math.min(...own)).toBeLessThanOrEqual(1);
      }
    }
    // 20 times 45 of 100, of 30, of 5.
    expect([times.get(0), times.get(100), times.get(134)]).toEqual([9, 30, 180]);
  });

  it("is mixed: the beginning has what the whole has", () => {
    const [first = 0] = countsOf(order([1, 1, 1])(0).subarray(0, 60));
    expect(Math.abs(first - 20)).toBeLessThan(4 * 3.7);
  });

  it("depends on the key and the epoch alone", () => {
    const [a, b] = [order([2, 1, 1]), order([2, 1, 1])];
    for (let epoch = 0; epoch < 3; epoch += 1) a(epoch);
    expect(a(3)).toEqual(b(3));
    expect(a(3)).not.toEqual(a(4));
    expect(order([2, 1, 1], 2)(3)).not.toEqual(a(3));
  });

  it("leaves out parts without examples", () => {
    const drawn = mixedOrder([0, 0, 2], [1, 5, 1], randomKey(0))(0);
    expect(drawn).toHaveLength(3);
    expect(drawn.filter((i) => i === 2).length).toBeGreaterThan(0);
  });
});
