/** Texts in parts. */

import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { lastGap, recut, type TextPart, textsOf } from "../../../src/data/index.ts";
import { words } from "../../../src/text/pieces/words.ts";
import { collect } from "../../support/files.ts";

const sourceOf = (...parts: readonly (readonly [text: string, continues?: boolean])[]) => ({
  name: "parts",
  async *rows() {
    for (const [text, continues = false] of parts) yield { row: { text }, line: 1, continues };
  },
});

const joined = (parts: readonly TextPart[]) => {
  const texts: string[] = [];
  for (const { text, continues } of parts) {
    if (continues) texts.push((texts.pop() ?? "") + text);
    else texts.push(text);
  }
  return texts;
};

describe("textsOf", () => {
  it("leaves out what is blank, but not in a text", async () => {
    const source = sourceOf(["a"], [" ", true], ["\n"], ["\t", true], [" "], ["b", true], [" c"]);
    const parts = await collect(textsOf(source));
    expect(parts.map(({ text, continues }) => [text, continues])).toEqual([
      ["a", false],
      [" ", true],
      [" b", false],
      [" c", false],
    ]);
  });

  it("needs one that is not blank", async () => {
    await expect(collect(textsOf(sourceOf([" "], ["\n", true])))).rejects.toThrow(
      "parts: there is no text in it",
    );
  });
});

describe("recut", () => {
  const letters = fc.string({ unit: fc.constantFrom("a", "é", "1", ".", " ", "\n", "\u2003") });
  const parts = fc.array(fc.record({ text: letters, continues: fc.boolean() }));

  it("has the same texts, and parts that begin with a word or white space", async () => {
    await fc.assert(
      fc.asyncProperty(parts, async (given) => {
        const [first, ...others] = given;
        const all = first ? [{ ...first, continues: false }, ...others] : [];
        const found = await collect(recut(all, lastGap));
        expect(joined(found)).toEqual(joined(all));
        // What no word reaches across has the words of the whole.
        expect(found.flatMap(({ text }) => [...words(text)])).toEqual(
          joined(all).flatMap((text) => [...words(text)]),
        );
      }),
    );
  });

  it("does not hold back what can be cut", async () => {
    const given = ["one two", "three four", "five"].map((text, i) => ({ text, continues: i > 0 }));
    const found = await collect(recut(given, lastGap));
    expect(found.map(({ text }) => text)).toEqual(["one", " twothree", " fourfive"]);
  });
});
