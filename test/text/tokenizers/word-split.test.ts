/** Ids compared with those of Hugging Face's tokenizers for small ones: golden/make_tokenizers.py. */

import { describe, expect, it } from "vitest";
import { createTokenizer } from "../../../src/text/tokenizers/huggingface.ts";
import { isObject, type Json } from "../../../src/files/json.ts";
import { wordSplit } from "../../../src/text/tokenizers/word-split.ts";
import { forms, texts } from "../../support/tokenizers.ts";

describe.each(forms)("the words of $name", ({ tokenizer, ids }) => {
  it("are known", () => {
    expect(wordSplit(tokenizer, {})).toBeDefined();
  });

  it("have the ids of the texts", () => {
    const files = new Map([["tokenizer.json", JSON.stringify(tokenizer)]]);
    const { encode } = createTokenizer(files, { name: "", path: "tokenizer.json" });
    for (const [i, text] of texts.entries()) {
      expect.soft([...encode(text)], JSON.stringify(text)).toEqual(ids[i]);
    }
  });
});

const formOf = (name: string): Json => forms.find((form) => form.name === name)?.tokenizer ?? {};

/** The tokenizer of a name with fields of one of its parts changed. */
function changed(name: string, part: string, fields: Json): readonly [Json, Json] {
  const tokenizer = formOf(name);
  const value = tokenizer[part];
  return [{ ...tokenizer, [part]: { ...(isObject(value) ? value : {}), ...fields } }, {}];
}

const whole = (name: string, fields: Json): readonly [Json, Json] => [
  { ...formOf(name), ...fields },
  {},
];

const T5: Json = {
  normalizer: { type: "Precompiled" },
  pre_tokenizer: {
    type: "Sequence",
    pretokenizers: [{ type: "WhitespaceSplit" }, { type: "Metaspace", replacement: "▁" }],
  },
  model: { type: "Unigram", vocab: [["▁", -2]] },
};

describe("wordSplit knows no words of", () => {
  it.each<readonly [string, readonly [tokenizer: Json, config: Json]]>([
    ["GPT-2 with another normalizer", whole("GPT-2", { normalizer: { type: "Lowercase" } })],
    ["GPT-2 without a pre-tokenizer", whole("GPT-2", { pre_tokenizer: null })],
    ["GPT-2 with another pre-tokenizer", changed("GPT-2", "pre_tokenizer", { type: "Whitespace" })],
    [
      "GPT-2 with a space before the text",
      changed("GPT-2", "pre_tokenizer", { add_prefix_space: true }),
    ],
    ["GPT-2 with another model", changed("GPT-2", "model", { type: "WordPiece" })],
    ["GPT-2 with joined unknown tokens", changed("GPT-2", "model", { fuse_unk: true })],
    [
      "Qwen with special tokens in normal form",
      whole("Qwen2", { added_tokens: [{ content: "x", normalized: true }] }),
    ],
    [
      "Llama 3 with a split that joins",
      whole("Llama 3", {
        pre_tokenizer: {
          type: "Sequence",
          pretokenizers: [
            { type: "Split", pattern: { String: " " }, behavior: "MergedWithNext" },
            { type: "ByteLevel", use_regex: false },
          ],
        },
      }),
    ],
    ["BERT with joined unknown tokens", changed("BERT", "model", { fuse_unk: true })],
    ["T5 without a mark", [{ ...T5, model: { type: "Unigram", vocab: [["a", -2]] } }, {}]],
    ["Llama 2 with a pre-tokenizer", whole("Llama 2", { pre_tokenizer: { type: "Whitespace" } })],
    ["Llama 2 without bytes", changed("Llama 2", "model", { byte_fallback: false })],
    ["Llama 2 with a token of two words", changed("Llama 2", "model", { vocab: withToken("a▁b") })],
    ["Llama 2 with whole words", changed("Llama 2", "model", { ignore_merges: true })],
    ["Llama 2 with endings", changed("Llama 2", "model", { end_of_word_suffix: "</w>" })],
    ["Mistral with split marks", changed("Mistral", "pre_tokenizer", { split: true })],
    ["Mistral with another mark", changed("Mistral", "pre_tokenizer", { replacement: "_" })],
    ["Gemma with another split", changed("Gemma", "pre_tokenizer", { pattern: { String: "x" } })],
    ["GPT-2 with spaces removed", [formOf("GPT-2"), { remove_space: true }]],
    ["GPT-2 in lower case", [formOf("GPT-2"), { do_lowercase_and_remove_accent: true }]],
  ])("%s", (_, [tokenizer, config]) => {
    expect(wordSplit(tokenizer, config)).toBeUndefined();
  });

  it("nothing that the cases above begin with", () => {
    for (const name of ["GPT-2", "Qwen2", "Llama 3", "BERT", "Llama 2", "Mistral", "Gemma"]) {
      expect(wordSplit(formOf(name), {})).toBeDefined();
    }
    expect(wordSplit(T5, {})).toBeDefined();
  });
});

function withToken(token: string): Json {
  const { model } = formOf("Llama 2");
  const vocabulary = isObject(model) ? model["vocab"] : undefined;
  return { ...(isObject(vocabulary) ? vocabulary : {}), [token]: 9999 };
}
