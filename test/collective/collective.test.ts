/** What ranks make of what they tell each other. */

import { expect, it } from "vitest";
import { alone, type Collective, gathered, someRank } from "../../src/collective/index.ts";
import { asRanks } from "../support/ranks.ts";

/** Ranks of which the others say this. */
const among = (...others: readonly (readonly number[])[]): Collective => ({
  ...alone,
  size: 1 + others.length,
  gather: (own) => [own, ...others],
});

it.each([
  [alone, false, false],
  [alone, true, true],
  [among([0], [1]), false, true],
  [among([0], [0]), false, false],
])("ends where one rank is asked to", (ranks, isSo, expected) => {
  expect(someRank(ranks, isSo)).toBe(expected);
});

it.each([1, 2, 4])("%i have as many numbers as each of them tells", async (size) => {
  const lists = [[1, 2], [], [3], [4, 5, 6]].slice(0, size);
  const all = await asRanks(size, (ranks) => gathered(ranks, lists[ranks.rank] ?? []));
  for (const found of all) expect(found).toEqual(lists);
});
