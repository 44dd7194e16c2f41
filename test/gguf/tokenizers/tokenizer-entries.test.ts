/** Tokenizers in the spellings in which they occur, as entries of GGUF: those of Gemma, Mistral, Llama 3 and GPT-2 on the Hub. */

import { describe, expect, it } from "vitest";
import { tokenizerEntries } from "../../../src/gguf/tokenizers/tokenizer-entries.ts";

const toMark = { type: "Replace", pattern: { String: " " }, content: "▁" };
const marked = { type: "BPE", byte_fallback: true, unk_token: "<unk>" };
const byteLevel = { type: "ByteLevel", add_prefix_space: false, trim_offsets: false };
const LLAMA_3 =
  "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
const split = (expression: string) => ({
  type: "Sequence",
  pretokenizers: [
    { type: "Split", pattern: { Regex: expression }, behavior: "Isolated", invert: false },
    { ...byteLevel, trim_offsets: true, use_regex: false },
  ],
});

const vocab = { "<unk>": 0, "<s>": 1, "<0x41>": 2, a: 3, b: 4, ab: 5, c: 6, abc: 7 };
const entriesOf = (tokenizer: object) =>
  tokenizerEntries({
    tokenizer: {
      added_tokens: [
        { id: 1, content: "<s>", special: true },
        { id: 9, content: "<tool>", special: false },
      ],
      ...tokenizer,
    },
    path: "tokenizer.json",
    named: { bos_token: "<s>" },
    addsStart: true,
    addsEnd: false,
    furtherEnds: [6],
    templates: new Map([
      ["default", "D"],
      ["tools", "T"],
    ]),
    rows: 11,
  });
const merges = [
  ["a", "b"],
  ["ab", "c"],
];

it("has tokens with their types, special tokens, and templates", () => {
  const model = { ...marked, vocab, merges };
  const entries = entriesOf({ model, normalizer: toMark, pre_tokenizer: null });
  expect(entries).toEqual({
    "tokenizer.ggml.model": "llama",
    "tokenizer.ggml.pre": "default",
    "tokenizer.ggml.tokens": [...Object.keys(vocab), "[PAD8]", "<tool>", "[PAD10]"],
    "tokenizer.ggml.token_type": { integers: [2, 3, 6, 1, 1, 1, 1, 1, 5, 4, 5] },
    // The order of the merges; what none makes comes last.
    "tokenizer.ggml.scores": { floats: [-2, -2, -2, -2, -2, -0, -2, -1, -2, -2, -2] },
    "tokenizer.ggml.add_space_prefix": false,
    "tokenizer.ggml.bos_token_id": 1,
    "tokenizer.ggml.unknown_token_id": 0,
    "tokenizer.ggml.eot_token_id": 6,
    "tokenizer.ggml.add_bos_token": true,
    "tokenizer.ggml.add_eos_token": false,
    "tokenizer.chat_template": "D",
    "tokenizer.chat_templates": ["tools"],
    "tokenizer.chat_template.tools": "T",
  });
});

describe("spaces", () => {
  const atSpaces = { type: "Split", pattern: { String: " " }, behavior: "MergedWithPrevious" };
  const metaspace = { type: "Metaspace", replacement: "▁", prepend_scheme: "first", split: false };
  const prepend = { type: "Prepend", prepend: "▁" };
  it.each([
    ["Gemma's", { normalizer: toMark, pre_tokenizer: atSpaces }, false],
    ["Mistral's", { normalizer: null, pre_tokenizer: metaspace }, true],
    ["Llama's", { normalizer: { type: "Sequence", normalizers: [prepend, toMark] } }, true],
    ["nobody's", { normalizer: null, pre_tokenizer: { ...metaspace, split: true } }, undefined],
    ["lower case", { normalizer: { type: "Lowercase" } }, undefined],
  ])("as %s", (_, parts, prepends) => {
    const written = () => entriesOf({ model: { ...marked, vocab, merges }, ...parts });
    if (prepends === undefined) expect(written).toThrow(/no word for the way it writes spaces/);
    else expect(written()).toMatchObject({ "tokenizer.ggml.add_space_prefix": prepends });
  });
});

describe("pieces", () => {
  it.each([
    ["gpt-2", { pre_tokenizer: byteLevel }, {}],
    ["llama-bpe", { pre_tokenizer: split(LLAMA_3) }, { ignore_merges: true }],
    [
      "qwen2",
      { normalizer: { type: "NFC" }, pre_tokenizer: split(LLAMA_3.replace("{1,3}", "")) },
      {},
    ],
    ["an unknown name", { pre_tokenizer: split("\\w+") }, {}],
    ["smaug-bpe", { pre_tokenizer: split(LLAMA_3) }, {}],
  ])("of %s", (name, parts, fields) => {
    const model = { type: "BPE", vocab, merges: ["a b", "ab c"], ...fields };
    const written = () => entriesOf({ model, ...parts });
    if (name === "an unknown name") expect(written).toThrow(/no word for the way it splits texts/);
    else {
      expect(written()).toMatchObject({
        "tokenizer.ggml.model": "gpt2",
        "tokenizer.ggml.pre": name,
        "tokenizer.ggml.merges": ["a b", "ab c"],
      });
    }
  });
});

it("are refused where they are no byte pairs", () => {
  expect(() => entriesOf({ model: { type: "Unigram", vocab: [] } })).toThrow(
    /are of type BPE; got "Unigram"/,
  );
  expect(() => entriesOf({ model: { type: "BPE", vocab, merges: [["a"]] } })).toThrow(
    /a merge is not of two tokens; got \["a"\]/,
  );
  expect(() => entriesOf({ model: { ...marked, vocab: { a: 11 }, merges } })).toThrow(
    /the model has 11 tokens; got a as 11/,
  );
});
