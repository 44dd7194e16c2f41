/** What is left to learn from and to be held out, where examples are too long or have nothing to learn; a token a character. */

import { describe, expect, it } from "vitest";
import { alone } from "../../../src/collective/index.ts";
import { fitExamples, type Fitted, isHere, type Shared } from "../../../src/data/index.ts";
import { UsageError } from "../../../src/errors.ts";
import { parseConfig } from "../../../src/options/config.ts";
import { describeSplit, fitSplit } from "../../../src/tasks/reading/fitted-split.ts";
import type { Cut, Split } from "../../../src/tasks/reading/hold-out.ts";

const cutLast: Cut = (all) => ({
  training: all.slice(0, -1),
  validation: all.slice(-1),
  cut: cutLast,
});

type TooLong = "drop" | "refuse" | "truncate";

const fit = (split: Split<Shared<string>>, tooLong: TooLong = "drop") =>
  fitSplit(
    {
      ...split,
      what: "words",
      teaches: (word) => word !== "",
      encode: (words, options) =>
        fitExamples(
          words,
          {
            what: "words",
            encode: (word) => ({ word }),
            lengthOf: ({ word: { length } }) => length,
            texts: (word) => [word],
            withTexts: (_, [word = ""]) => word,
          },
          options,
        ),
      form: {
        parts: 1,
        lengthsOf: ({ word }) => [word.length],
        blank: ([length]) => ({ word: "-".repeat(length ?? 0) }),
        write: ({ word }) => Array.from(word, (letter) => letter.charCodeAt(0)),
        read: ({ next }) => ({ word: String.fromCharCode(next()) }),
      },
    },
    { config: parseConfig({ tooLong }), contextLength: 3, dataset: { ranks: alone } },
  );

const wordsOf = ({ sequences }: Fitted<{ readonly word: string }>) =>
  sequences.map(({ word }) => word);

describe("a split", () => {
  it.each<readonly [readonly string[], TooLong, string, string, string]>([
    [["a", "b", "c"], "refuse", "a b", "c", "2 words, 1 held out"],
    [
      ["a", "", "c"],
      "refuse",
      "a",
      "c",
      "1 words, 1 with nothing to learn and left out, 1 held out",
    ],
    [["a", "long", "c"], "drop", "a", "c", "1 words, 1 too long and left out, 1 held out"],
    [["a", "long", "c"], "truncate", "a lon", "c", "2 words, 1 cut, 1 held out"],
    // Nothing is left of the last one: of the others the last is held out.
    [["a", "b", "long"], "drop", "a", "b", "1 words, 1 held out, 1 too long and left out"],
    [["a", "b", "long"], "refuse", "a", "b", "1 words, 1 held out, 1 too long and left out"],
    [
      ["a", "", "longer", "b", ""],
      "drop",
      "a",
      "b",
      "1 words, 1 too long and left out, 1 with nothing to learn and left out" +
        ", 1 held out, 1 with nothing to learn and left out",
    ],
    [
      ["a", "long", "long"],
      "truncate",
      "a",
      "lon",
      "1 words, 1 cut, 1 held out, 1 too long and left out",
    ],
  ])("of %j that are to %s", (words, tooLong, training, held, description) => {
    const found = fit(cutLast(words), tooLong);
    expect(wordsOf(found.prepared).join(" ")).toBe(training);
    expect(wordsOf(found.held).join(" ")).toBe(held);
    expect(found.heldOut.filter(isHere).map((word) => word.slice(0, 3))).toEqual([held]);
    expect(describeSplit("words", found)).toBe(description);
  });

  it("holds out what is given, whatever the rest is", () => {
    const found = fit({ training: ["a", "long"], validation: ["", "b", "longer"] });
    expect(wordsOf(found.prepared)).toEqual(["a"]);
    expect(found.held).toMatchObject({ sequences: [{ word: "b" }], dropped: 1, empty: 1 });
    expect(found.heldOut).toEqual(["b", "longer"]);
  });

  it.each<readonly [Split<Shared<string>>, string]>([
    [cutLast(["a"]), "data: nothing is left beside what is held out; got 1 words in all"],
    [
      cutLast(["long", "", "a"]),
      "words: none of those to learn from is of use; got 1 longer than 3 tokens, 1 with nothing to learn",
    ],
    [cutLast(["a", "long"]), "words: none of those held out is of use; got 1 longer than 3 tokens"],
    [
      { training: ["a", "b"], validation: ["", ""] },
      "words: none of those held out is of use; got 2 with nothing to learn",
    ],
  ])("of %j is none", (split, message) => {
    expect(() => fit(split)).toThrow(UsageError);
    expect(() => fit(split)).toThrow(message);
  });
});
