/** What ranks make of what they tell each other. */

import { expect, it } from "vitest";
import { alone, type Collective } from "../../../src/collective/index.ts";
import { shareStep, watchRanks } from "../../../src/train/ranks/shared-step.ts";

/** Ranks of which the others say this. */
const among = (...others: readonly (readonly number[])[]): Collective => ({
  ...alone,
  size: 1 + others.length,
  gather: (own) => [own, ...others],
});

const own = { elapsedMs: 1000, ownMs: 40, tokens: 100 };

it("adds up tokens, and has the time of the first", () => {
  expect(shareStep(alone, own)).toEqual({ elapsedMs: 1000, ownMs: [40], tokens: 100 });
  expect(shareStep(among([1010, 50, 90], [990, 60, 80]), own)).toEqual({
    elapsedMs: 1000,
    ownMs: [40, 50, 60],
    tokens: 270,
  });
});

it("names a rank that the others wait for, once, after twenty steps", () => {
  const told = (ownMs: readonly number[], steps: number) => {
    const watch = watchRanks({ size: ownMs.length });
    return Array.from({ length: steps }, () => watch.after(ownMs)).flatMap((text) => text ?? []);
  };
  expect(told([100, 310, 110], 60)).toEqual([
    "rank 1 takes 310 ms a step, and the median of all 110 ms: the others wait for it",
  ]);
  expect(told([100, 310, 110], 19)).toEqual([]);
  expect(told([100, 140, 110], 60)).toEqual([]);
  expect(told([500], 60)).toEqual([]);
});
