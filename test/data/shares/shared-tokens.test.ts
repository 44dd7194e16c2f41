/** Tokens that ranks have between them, beside the same in one array. */

import { describe, expect, it } from "vitest";
import { type SharedTokens, type TokenRange } from "../../../src/data/index.ts";
import { asRanks, dealtTokens } from "../../support/ranks.ts";

const all = Int32Array.from({ length: 100 }, (_, i) => (i % 10 === 9 ? 0 : i + 1));
const RANGES: readonly TokenRange[] = [
  [0, 100],
  [3, 4],
  [10, 40],
  [40, 55],
  [50, 50],
  [96, 100],
];
const sum = (ids: Int32Array) => ids.reduce((total, id) => total + id, 0);
const listed = (tokens: SharedTokens, ranges: readonly TokenRange[]) =>
  tokens.read(ranges).map((ids) => [...ids]);

describe("shared tokens", () => {
  it.each([1, 2, 3])("are read by %i ranks, who have a share each", async (size) => {
    const expected = RANGES.map(([start, end]) => all.subarray(start, end));
    const selected = [all.subarray(3, 4), all.subarray(10, 55)].flatMap((ids) => [...ids]);
    const found = await asRanks(size, (ranks) => {
      const tokens = dealtTokens(ranks, all);
      const part = tokens.select(RANGES.slice(1, 5));
      const own = tokens.stretches.flatMap(({ ids }) => (ids ? [...ids] : []));
      return {
        own: own.length,
        read: listed(tokens, RANGES),
        told: tokens.told(RANGES, sum),
        places: tokens.placesOf(0),
        length: part.length,
        part: listed(part, [
          [0, part.length],
          [0, 2],
          [44, 46],
        ]),
        partly: part.placesOf(0),
      };
    });
    for (const { own, ...each } of found) {
      expect(own).toBeLessThan(all.length / size + 12);
      expect(each).toEqual({
        read: expected.map((ids) => [...ids]),
        told: expected.map(sum),
        places: [9, 19, 29, 39, 49, 59, 69, 79, 89, 99],
        length: 46,
        part: [selected, selected.slice(0, 2), selected.slice(44)],
        partly: selected.flatMap((id, i) => (id === 0 ? [i] : [])),
      });
    }
  });
});
