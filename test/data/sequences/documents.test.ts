/** Texts in parts have the tokens that they have as a whole, whatever the tokenizer and wherever the parts end. */

import { existsSync } from "node:fs";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encodedParts, seamFor } from "../../../src/data/sequences/documents.ts";
import { textTokens } from "../../../src/data/index.ts";
import { byteTokenizer, type Tokenizer, trainBpe } from "../../../src/text/index.ts";
import { createTokenizer } from "../../../src/text/tokenizers/huggingface.ts";
import { bertTokenizer } from "../../support/bert-tokenizer.ts";
import { collect } from "../../support/files.ts";
import { loadTokenizer } from "../../support/on-node.ts";
import { forms, texts } from "../../support/tokenizers.ts";

const END = 256;
const bytes = byteTokenizer();
/** As Llama's, which puts one before a text. */
const START = 300;
const starting: Tokenizer = {
  ...bytes,
  startOfText: START,
  encodePrompt: (text) => Int32Array.of(START, ...bytes.encode(text)),
};
const endless: Tokenizer = { ...bytes, name: "endless", endOfText: undefined };

const documents = (...all: readonly string[]) => all.map((text) => ({ text }));

describe("textTokens", () => {
  it("ends every document", async () => {
    const tokens = await textTokens(bytes, documents("ab", "", "ä"));
    expect([...tokens]).toEqual([97, 98, END, END, 195, 164, END]);
  });

  it("begins every document as a prompt, though it comes in parts", async () => {
    const tokens = await textTokens(starting, documents("ab", "c"));
    expect([...tokens]).toEqual([START, 97, 98, END, START, 99, END]);
    const long = "word ".repeat(100);
    const parts = [{ text: long }, { text: long, continues: true }, { text: "c" }];
    const [first, second] = [bytes.encode(long + long), bytes.encode("c")];
    expect(await textTokens(starting, parts)).toEqual(
      Int32Array.of(START, ...first, END, START, ...second, END),
    );
  });

  it("needs an end of text between documents only", async () => {
    expect([...(await textTokens(endless, documents("ab")))]).toEqual([97, 98]);
    const two = textTokens(endless, documents("a", "b"));
    await expect(two).rejects.toThrow("tokenizer: no end-of-text token");
  });

  it("fills more than one block", async () => {
    const long = "0123456789".repeat(60_000);
    // Vitest compares numbers one by one.
    const raw = ({ buffer }: Int32Array) => Buffer.from(buffer);
    const tokens = await textTokens(endless, documents(long));
    expect(raw(tokens).equals(raw(bytes.encode(long)))).toBe(true);
  });
});

const SHARED = "../shared/data/tokenizers";
const real = existsSync(SHARED) ? ["bert", "gpt2", "llama", "t5"] : [];

const PROSE =
  "It is a truth universally acknowledged, that a single man in possession of a good fortune, " +
  "must be in want of a wife.\r\n\r\n  However little known the feelings or views of such a man " +
  "may be on his first entering a neighbourhood ... (he’s 1,234 years old!)\t\n\n\nThe end. ";

/** Long enough to be cut: what golden texts are made of, and prose. */
const LONG = [...texts, PROSE, ...texts.toReversed(), PROSE, ...texts, PROSE.repeat(3)].join(" ");

/** The text in parts that end anywhere. */
function partsOf(text: string, ends: readonly number[]) {
  const places = [0, ...ends.toSorted((a, b) => a - b), text.length];
  return places
    .slice(1)
    .map((end, i) => ({ text: text.slice(places[i], end), continues: i > 0 }))
    .filter((part, i) => i === 0 || part.text !== "");
}

const tokenizers: readonly (readonly [string, () => Promise<Tokenizer> | Tokenizer])[] = [
  ["bytes", byteTokenizer],
  ["learned", () => trainBpe([LONG], 500)],
  ["BERT's letters", () => bertTokenizer],
  ...forms.map(
    ({ name, tokenizer }) =>
      [
        name,
        () =>
          createTokenizer(new Map([["tokenizer.json", JSON.stringify(tokenizer)]]), {
            name,
            path: name,
          }),
      ] as const,
  ),
  ...real.map((name) => [`real ${name}`, () => loadTokenizer(`${SHARED}/${name}`)] as const),
];

describe.each(tokenizers)("the parts of %s", (_, open) => {
  it("have the tokens of the whole", async () => {
    const tokenizer = await open();
    let text: string | undefined = LONG;
    const encode = (each: string) => {
      try {
        return tokenizer.encode(each);
      } catch {
        return undefined;
      }
    };
    // A vocabulary that cannot spell some characters has nothing to say of the golden texts.
    if (encode(text) === undefined) text = PROSE.repeat(8).toLowerCase();
    const whole = encode(text);
    if (!whole) return;
    const ends = fc.array(fc.integer({ min: 1, max: text.length }), { maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(ends, async (places) => {
        const found = await collect(encodedParts(partsOf(text, places), tokenizer));
        expect(found.flatMap(({ ids }) => [...ids])).toEqual([...whole]);
      }),
      { numRuns: 8 },
    );
  });
});

describe("a seam", () => {
  it.each(real)("is there for %s", async (name) => {
    const { encode } = await loadTokenizer(`${SHARED}/${name}`);
    expect(seamFor(LONG, encode)).toBeDefined();
  });

  it("takes the place of a space where a tokenizer writes one before each text", () => {
    const encode = (text: string) => bytes.encode(` ${text}`);
    const text = `${"word ".repeat(40)}${"x".repeat(140)}`;
    // The x are one word.
    expect(seamFor(text, encode)).toEqual({ end: 199, start: 200 });
    expect(seamFor(text, bytes.encode)).toEqual({ end: 199, start: 199 });
  });

  it("is nowhere where tokens depend on what is far away", () => {
    const encode = (text: string) => Int32Array.of(text.length);
    expect(seamFor(PROSE.repeat(4), encode)).toBeUndefined();
  });
});
