/** What ranks say of examples that they have between them. */

import { describe, expect, it } from "vitest";
import { alone } from "../../../src/collective/index.ts";
import { dealt, isHere, told, toldTexts } from "../../../src/data/shares/elsewhere.ts";
import { asRanks } from "../../support/ranks.ts";

const words = Array.from({ length: 9001 }, (_, i) => "é".repeat(i % 5) + i);

describe.each([2, 3])("%i ranks", (size) => {
  it("have every Nth each", async () => {
    const all = await asRanks(size, (ranks) => dealt(ranks, words));
    for (const [rank, own] of all.entries()) {
      expect(own).toHaveLength(words.length);
      expect(own.filter((each) => isHere(each))).toEqual(words.filter((_, i) => i % size === rank));
    }
  });

  it("say numbers and texts of all, in order", async () => {
    const all = await asRanks(size, (ranks) => {
      const shared = dealt(ranks, words);
      return {
        numbers: told(ranks, shared, (own) => own.length),
        texts: [...toldTexts(ranks, shared, (own) => [own, own.slice(0, 1)])],
      };
    });
    for (const { numbers, texts } of all) {
      expect(numbers).toEqual(words.map(({ length }) => length));
      expect(texts).toEqual(words.map((own) => [own, own.slice(0, 1)]));
    }
  });
});

it("one process has all", () => {
  expect(dealt(alone, words)).toEqual(words);
  expect(told(alone, words, (own) => own.length)).toEqual(words.map(({ length }) => length));
  expect([...toldTexts(alone, ["a", "b"], (own) => [own, own])]).toEqual([
    ["a", "a"],
    ["b", "b"],
  ]);
});
