/** Texts that travel as numbers. */

import { expect, it } from "vitest";
import { gatheredTexts } from "../../src/collective/index.ts";
import { asRanks } from "../support/ranks.ts";

it.each([
  [[["a", "b"], [], ["é€😀", "", '"\\\n']]],
  [[[], ["x".repeat(1000)]]],
  [[["\u0000\uFFFF", "\uD800"], ["ÿ".repeat(7)]]],
])("every rank gets those of all: %j", async (texts) => {
  const all = await asRanks(texts.length, (ranks) => gatheredTexts(ranks, texts[ranks.rank] ?? []));
  for (const found of all) expect(found).toEqual(texts);
});
