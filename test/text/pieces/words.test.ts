/**
 * Words compared with those of Hugging Face's ByteLevel pre-tokenizer: golden/make_bpe.py and
 * golden/make_tokenizers.py, which has more kinds of white space.
 */

import { readFile } from "node:fs/promises";
import * as fc from "fast-check";
import { expect, it } from "vitest";
import { words } from "../../../src/text/pieces/words.ts";
import { texts, wordsOfTexts } from "../../support/tokenizers.ts";

interface Golden {
  readonly texts: readonly string[];
  readonly words: readonly (readonly string[])[];
}

const golden: Golden = JSON.parse(
  await readFile(new URL("../../golden/bpe.json", import.meta.url), "utf8"),
);

it.each(golden.texts.map((text, i) => ({ text, expected: golden.words[i] })))(
  "splits as Hugging Face does: $text",
  ({ text, expected }) => {
    expect([...words(text)]).toEqual(expected);
  },
);

it("knows Unicode's white space", () => {
  for (const [i, text] of texts.entries()) {
    expect.soft([...words(text)], JSON.stringify(text)).toEqual(wordsOfTexts[i]);
  }
});

it("loses nothing", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      expect([...words(text)].join("")).toBe(text);
    }),
  );
  expect([...words("a\uD800b")].join("")).toBe("a\uD800b"); // half of a surrogate pair
});
