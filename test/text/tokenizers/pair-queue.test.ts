import * as fc from "fast-check";
import { expect, it } from "vitest";
import { createPairQueue } from "../../../src/text/tokenizers/pair-queue.ts";

const symbol = fc.integer({ min: 0, max: 4 });
const changes = fc.array(fc.tuple(symbol, symbol, fc.integer({ min: 1, max: 3 })));

it("hands out pairs by frequency, left and right, once rare ones are gone", () => {
  fc.assert(
    fc.property(changes, changes, (added, removed) => {
      const queue = createPairQueue();
      const frequencies = new Map<string, number>();
      const change = (left: number, right: number, by: number) => {
        queue.change(left, right, { by, sequence: 0 });
        const key = `${left} ${right}`;
        frequencies.set(key, (frequencies.get(key) ?? 0) + by);
      };
      for (const [left, right, by] of added) change(left, right, by);
      queue.enqueueNew();
      for (const [left, right, by] of removed) {
        if ((frequencies.get(`${left} ${right}`) ?? 0) >= by) change(left, right, -by);
      }

      const popped: string[] = [];
      for (let pair = queue.pop(); pair !== undefined; pair = queue.pop()) {
        popped.push(`${pair.left} ${pair.right}`);
      }
      const expected = [...frequencies]
        .filter(([, frequency]) => frequency >= 2)
        .toSorted(([a, m], [b, n]) => n - m || (a < b ? -1 : 1))
        .map(([key]) => key);
      expect(popped).toEqual(expected);
    }),
  );
});

it("knows the sequences of a pair", () => {
  const queue = createPairQueue();
  for (const sequence of [0, 0, 2, 5, 5]) queue.change(7, 8, { by: 1, sequence });
  queue.change(7, 8, { by: -1, sequence: 9 });
  queue.enqueueNew();
  expect(queue.pop()).toMatchObject({ left: 7, right: 8, sequences: [0, 2, 5] });
  expect(queue.pop()).toBeUndefined();
});
