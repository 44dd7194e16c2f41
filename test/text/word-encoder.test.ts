/** Word by word the ids must be those that the tokenizer itself gives to the whole text. */

import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { Tokenizer } from "@huggingface/tokenizers";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { trainBpe } from "../../src/text/index.ts";
import { isObject, type Json, parseObject } from "../../src/text/json.ts";
import { type Encode, wordEncoder } from "../../src/text/word-encoder.ts";

const DATA = "../shared/data/tokenizers";
const GPT2 = `${DATA}/gpt2/tokenizer.json`;

const TEXTS = [
  "the theatre, the weather and the other leather; there they're then",
  "über Brücken, über Flüsse und über grüne Hügel",
  "don't  we'll\n\n they've 's ''s 2016 2017 2016",
];

const learned = parseObject("", trainBpe(TEXTS, 400).files.get("tokenizer.json") ?? "");

/** The same with special tokens of which one begins another. */
const withSpecialTokens: Json = {
  ...learned,
  added_tokens: ["<|end|>", "<|end|>.", "$(", "<|endoftext|>"].map((content, i) => ({
    id: 1000 + i,
    content,
    special: true,
    normalized: true,
  })),
};

const engineOf = (tokenizer: Json): Encode => {
  const engine = new Tokenizer({ ...tokenizer }, {});
  return (text) => engine.encode(text, { add_special_tokens: false }).ids;
};

const fragment = fc.oneof(
  fc.constantFrom(..." \n\t\r'.,$(".split(""), "  ", "\u00A0", "\u0085", "\uFEFF", "\u200D"),
  fc.constantFrom("'s", "'t", "'re", "'ve", "'m", "'ll", "'d", "'S", "s", "l", "2016", "½"),
  fc.constantFrom("the", "ther", " they", "über", "e\u0301", "日本", "👍🏽", "\uD800"),
  fc.constantFrom("<|end|>", "<|end|>.", "$(", "<|endoftext|>", "<|end", "|>"),
  fc.string({ unit: "binary", maxLength: 5 }),
);
const texts = fc.array(fragment, { maxLength: 20 }).map((parts) => parts.join(""));

const gpt2: readonly (readonly [string, Json])[] = existsSync(GPT2)
  ? [["GPT-2's tokenizer", parseObject(GPT2, await readFile(GPT2, "utf8"))]]
  : [];

describe.each<readonly [string, Json]>([
  ["a learned tokenizer", learned],
  ["a tokenizer with special tokens", withSpecialTokens],
  ...gpt2,
])("wordEncoder of %s", (_, tokenizer) => {
  const encode = engineOf(tokenizer);
  const fast = wordEncoder(encode, tokenizer, {});

  it("gives the same ids", () => {
    expect(fast).not.toBe(encode);
    fc.assert(
      fc.property(texts, (text) => {
        expect(fast(text)).toEqual(encode(text));
      }),
      { numRuns: 1000 },
    );
  });

  it("encodes each word once", () => {
    const asked: string[] = [];
    const observed = wordEncoder(
      (text) => {
        asked.push(text);
        return encode(text);
      },
      tokenizer,
      {},
    );
    observed("the leather, the weather");
    observed(" the other");
    expect(asked).toEqual(["the", " leather", ",", " the", " weather", " other"]);
  });
});

const nested = (key: string, fields: Json): Json => {
  const value = learned[key];
  return { ...learned, [key]: { ...(isObject(value) ? value : {}), ...fields } };
};

describe("wordEncoder leaves alone", () => {
  const encode: Encode = () => [];

  it.each<readonly [string, Json]>([
    ["a normalizer", { ...learned, normalizer: { type: "NFC" } }],
    ["no pre-tokenizer", { ...learned, pre_tokenizer: null }],
    ["another pre-tokenizer", nested("pre_tokenizer", { type: "Whitespace" })],
    ["a space before the text", nested("pre_tokenizer", { add_prefix_space: true })],
    ["bytes without words", nested("pre_tokenizer", { use_regex: false })],
    ["a template", { ...learned, post_processor: { type: "TemplateProcessing" } }],
    ["another model", nested("model", { type: "WordPiece" })],
    ["joined unknown tokens", nested("model", { fuse_unk: true })],
    ["no list of special tokens", { ...learned, added_tokens: undefined }],
    [
      "a token that takes space before it",
      { ...learned, added_tokens: [{ content: "x", lstrip: true }] },
    ],
    [
      "a token that takes space after it",
      { ...learned, added_tokens: [{ content: "x", rstrip: true }] },
    ],
    ["an empty special token", { ...learned, added_tokens: [{ content: "" }] }],
  ])("%s", (_, tokenizer) => {
    expect(wordEncoder(encode, tokenizer, {})).toBe(encode);
  });

  it.each([{ remove_space: true }, { do_lowercase_and_remove_accent: true }])("%o", (config) => {
    expect(wordEncoder(encode, learned, config)).toBe(encode);
  });
});
