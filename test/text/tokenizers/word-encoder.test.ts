/**
 * Word by word the ids must be those that the package gives to the whole text. Where the package
 * itself differs from Hugging Face's tokenizers (white space, a capital sigma, numbers that are no
 * ASCII digits), see word-split.test.ts and the ids of Hugging Face.
 */

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { Tokenizer } from "@huggingface/tokenizers";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { trainBpe } from "../../../src/text/index.ts";
import { type Json, parseObject } from "../../../src/files/json.ts";
import { type Encode, wordEncoder } from "../../../src/text/tokenizers/word-encoder.ts";
import { needsData } from "../../support/data.ts";
import { smallTokenizers } from "../../support/small-tokenizers.ts";
import { forms } from "../../support/tokenizers.ts";

const DATA = "../shared/data/tokenizers";

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
  fc.constantFrom(..." \n\t\r'.,$(".split(""), "  ", "\u00A0", "\u200D", "\u3000"),
  fc.constantFrom("'s", "'t", "'re", "'ve", "'m", "'ll", "'d", "'S", "s", "l", "2016", "½"),
  fc.constantFrom("the", "ther", " they", "über", "e\u0301", "日本", "👍🏽", "\uD800", "▁", "▁▁"),
  fc.constantFrom("<|end|>", "<|end|>.", "$(", "<|endoftext|>", "<|end", "|>"),
  fc.constantFrom("<s>", "</s>", "[MASK]", "[mask]", " <s>", "<extra_id_0>"),
  fc.string({ unit: "binary", maxLength: 5 }),
);
const texts = fc
  .array(fragment, { maxLength: 20 })
  .map((parts) => parts.join("").replaceAll(/[\u0085\uFEFFΣ]/g, ""));

function expectSameIds(tokenizer: Json): void {
  const encode = engineOf(tokenizer);
  const words = wordEncoder(tokenizer, {});
  const fast = words.wrap(engineOf(words.tokenizer));
  const splitsDigits = JSON.stringify(tokenizer["pre_tokenizer"] ?? null).includes('"Digits"');
  const comparable = texts.map((text) =>
    splitsDigits ? text.replaceAll(/(?!\d)\p{N}/gu, "") : text,
  );
  fc.assert(
    fc.property(comparable, (text) => {
      expect(fast(text)).toEqual(encode(text));
    }),
    { numRuns: 300 },
  );
}

function expectEachWordOnce(tokenizer: Json): void {
  const asked: string[] = [];
  const observed = wordEncoder(tokenizer, {}).wrap((text) => {
    asked.push(text);
    return [];
  });
  observed("the leather, the leather the leather");
  const size = asked.length;
  expect(size).toBeGreaterThan(1);
  observed("the leather the leather");
  expect(asked).toHaveLength(size);
  observed("the leather weather");
  expect(asked).toHaveLength(size + 1);
  expect(new Set(asked).size).toBe(asked.length);
}

describe.each<readonly [string, Json]>([
  ["a learned tokenizer", learned],
  ["a tokenizer with special tokens", withSpecialTokens],
  ...forms.map(({ name, tokenizer }) => [`a tokenizer like that of ${name}`, tokenizer] as const),
  ...smallTokenizers.map(
    ([kind, { files }]) => [`a small one like that of ${kind}`, files["tokenizer.json"]] as const,
  ),
])("wordEncoder of %s", (_, tokenizer) => {
  it("gives the same ids", () => expectSameIds(tokenizer));
  it("encodes each word once", () => expectEachWordOnce(tokenizer));
});

describe.each(["gpt2", "bert", "t5", "llama"])(
  "wordEncoder of the tokenizer of %s",
  needsData(DATA),
  (name) => {
    const path = join(DATA, name, "tokenizer.json");
    const load = async () => parseObject(path, await readFile(path, "utf8"));
    it("gives the same ids", async () => expectSameIds(await load()));
    it("encodes each word once", async () => expectEachWordOnce(await load()));
  },
);

describe("wordEncoder leaves alone", () => {
  it.each<readonly [string, Json]>([
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
    [
      "a token with a space, looked for after a normalizer",
      {
        ...forms.find(({ name }) => name === "Gemma")?.tokenizer,
        added_tokens: [{ content: "x y", normalized: true }],
      },
    ],
  ])("%s", (_, tokenizer) => {
    const encode: Encode = () => [];
    const words = wordEncoder(tokenizer, {});
    expect(words.tokenizer).toBe(tokenizer);
    expect(words.wrap(encode)).toBe(encode);
  });
});
