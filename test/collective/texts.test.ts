/** Texts and bytes that travel as numbers. */

import { expect, it } from "vitest";
import { bytesOfFirst, gatheredTexts } from "../../src/collective/index.ts";
import { asRanks } from "../support/ranks.ts";

it.each([
  [[["a", "b"], [], ["é€😀", "", '"\\\n']]],
  [[[], ["x".repeat(1000)]]],
  [[["\u0000\uFFFF", "\uD800"], ["ÿ".repeat(7)]]],
])("every rank gets those of all: %j", async (texts) => {
  const all = await asRanks(texts.length, (ranks) => gatheredTexts(ranks, texts[ranks.rank] ?? []));
  for (const found of all) expect(found).toEqual(texts);
});

it.each([0, 1, 5, 6, 7, 6 * 2 ** 20 + 13])(
  "every rank gets the %i bytes of the first",
  async (length) => {
    const bytes = Uint8Array.from({ length }, (_, i) => (i * i) % 251);
    const all = await asRanks(2, (ranks) =>
      bytesOfFirst(ranks, ranks.rank === 0 ? bytes : new Uint8Array()),
    );
    for (const found of all) expect(Buffer.compare(found, bytes)).toBe(0);
  },
);
