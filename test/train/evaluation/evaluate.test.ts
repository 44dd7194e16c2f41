import { expect, it } from "vitest";
import { some } from "../../../src/train/evaluation/evaluate.ts";

it.each([
  [16, 1, [8]],
  [16, 2, [4, 12]],
  [16, 15, [0, 1, 2, 3, 4, 5, 6, 7, 8, 10, 11, 12, 13, 14, 15]],
  [3, 2, [0, 1]],
  [3, 3, [0, 1, 2]],
])("of %i batches, %i are %j", (count, wanted, expected) => {
  expect([...some(Array.from({ length: count }).keys(), count, wanted)]).toEqual(expected);
});

it("are as many as are wanted", () => {
  for (let count = 1; count <= 40; count += 1) {
    for (let wanted = 1; wanted <= count; wanted += 1) {
      const chosen = [...some(Array.from({ length: count }).keys(), count, wanted)];
      expect([count, wanted, chosen.length]).toEqual([count, wanted, wanted]);
    }
  }
});
