/** Every component of tokenizer.json, compared with Hugging Face's tokenizers on 400 hard texts: golden/make_components.py. */

import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { FormatError } from "../../../src/errors.ts";
import type { Json } from "../../../src/files/json.ts";
import { type Pipeline, pipelineOf } from "../../../src/text/tokenizers/pipeline.ts";

interface Golden {
  readonly texts: readonly string[];
  readonly models: Readonly<Record<string, Json>>;
  readonly cases: readonly {
    readonly name: string;
    readonly model: string | (Json & { readonly of: string });
    readonly fields: Json;
    /** A hash for every hundred texts. */
    readonly ids: readonly number[];
    readonly full: readonly (readonly [text: number, ids: readonly number[]])[];
    /** Texts that the reference itself fails at. */
    readonly fails?: readonly number[];
    /** The same of what the ids are read as. */
    readonly texts?: readonly number[];
  }[];
}

const golden: Golden = JSON.parse(
  readFileSync(new URL("../../golden/components.json", import.meta.url), "utf8"),
);

const modelOf = (model: Golden["cases"][number]["model"]): Json =>
  typeof model === "string"
    ? (golden.models[model] ?? {})
    : { ...golden.models[model.of], ...model };

/** FNV-1a over the numbers of lists, each followed by its length. */
function hashed(lists: readonly (readonly number[])[]): number {
  let hash = 0x811c9dc5;
  for (const numbers of lists) {
    for (const number of [...numbers, numbers.length]) hash = Math.imul(hash ^ number, 0x01000193);
  }
  return hash >>> 0;
}

const grouped = (lists: readonly (readonly number[])[]): readonly number[] =>
  Array.from({ length: lists.length / 100 }, (_, i) => hashed(lists.slice(100 * i, 100 * i + 100)));

const readAs = (pipeline: Pipeline, ids: readonly number[]): readonly number[] =>
  Array.from(pipeline.decode(ids, new Set()), (character) => character.codePointAt(0) ?? 0);

it("is compared on 400 texts", () => {
  expect(golden.texts).toHaveLength(400);
});

describe.each(golden.cases)("$name", ({ model, fields, ids, full, texts, fails = [] }) => {
  const pipeline = pipelineOf("tokenizer.json", { ...fields, model: modelOf(model) });
  const found = golden.texts.map((text, i) => (fails.includes(i) ? [] : pipeline.encode(text)));

  it("gives the ids of the reference, and reads them as it does", () => {
    for (const [i, expected] of full) expect(found[i], golden.texts[i]).toEqual(expected);
    expect(grouped(found)).toEqual(ids);
    expect(texts && grouped(found.map((each) => readAs(pipeline, each)))).toEqual(texts);
  });
});

const words = { type: "WordLevel", vocab: { a: 0, b: 1, "<unk>": 2 }, unk_token: "<unk>" };
const bpe = { type: "BPE", vocab: { a: 0, b: 1, ab: 2 }, merges: ["a b"] };
const split = { type: "Split", behavior: "Isolated", invert: false };
const token = (content: string, id: number) => ({ id, content, special: true });

describe("refuses", () => {
  it.each<readonly [Json, string]>([
    [{ model: undefined }, "not a tokenizer that can be run; got no model"],
    [{ model: { type: "Tiktoken" } }, "model: this kind is not supported; got Tiktoken"],
    [{ model: { ...bpe, dropout: 0.1 } }, "model BPE: dropout: must be 0 or null"],
    [
      { model: { ...bpe, merges: ["a c"] } },
      'merges: must be of two tokens that make one; got "a c" as number 1',
    ],
    [{ model: { ...bpe, merges: ["a b c"] } }, "merges: must be of two tokens"],
    [
      { model: { ...words, unk_token: undefined } },
      "model WordLevel: unk_token: must be a text; got nothing",
    ],
    [{ model: { ...words, vocab: { a: -1 } } }, "model WordLevel: vocab: must be a table of ids"],
    [
      { model: { type: "Unigram", vocab: [["a", 0]], unk_id: 7 } },
      "model Unigram: unk_id: must be the id of a token; got 7",
    ],
    [{ normalizer: "NFC" }, 'normalizer: must be an object; got "NFC"'],
    [{ normalizer: { type: "Cyrillic" } }, "normalizer: this kind is not supported; got Cyrillic"],
    [
      { normalizer: { type: "Precompiled", precompiled_charsmap: "AAAA" } },
      "normalizer Precompiled: no table of characters",
    ],
    [
      { pre_tokenizer: { type: "UnicodeScripts" } },
      "pre_tokenizer: this kind is not supported; got UnicodeScripts",
    ],
    [
      { pre_tokenizer: { ...split, pattern: { String: "a" }, behavior: "Merged" } },
      'behavior: must be Removed, Isolated, MergedWithPrevious, MergedWithNext, Contiguous; got "Merged"',
    ],
    [
      { pre_tokenizer: { ...split, pattern: { Regex: String.raw`\Ga` } } },
      String.raw`pre_tokenizer Split: pattern: an expression that cannot be run; got \G`,
    ],
    [
      { pre_tokenizer: { ...split, pattern: { Regex: "(?m:a.b)" } } },
      "an expression that cannot be run; got (?",
    ],
    [
      { pre_tokenizer: { ...split, pattern: { Regex: "(a" } } },
      "an expression that cannot be run; got",
    ],
    [
      { pre_tokenizer: { type: "Metaspace", replacement: "__" } },
      'replacement: must be one character; got "__"',
    ],
    [
      { pre_tokenizer: { type: "Metaspace", replacement: "▁", add_prefix_space: false } },
      "prepend_scheme: must be never where add_prefix_space is false",
    ],
    [{ decoder: { type: "Cyrillic" } }, "decoder: this kind is not supported; got Cyrillic"],
    [{ added_tokens: [token("a", 7)] }, 'added_tokens: "a" gets the id 0 of its place; got 7'],
    [
      { added_tokens: [token("c", 3), token("d", 7)] },
      'added_tokens: "d" gets the id 4 of its place; got 7',
    ],
    [{ added_tokens: [{ content: "c" }] }, "added_tokens: must have an id and a content"],
  ])("%j", (fields, message) => {
    const make = () => pipelineOf("tokenizer.json", { model: words, ...fields });
    expect(make).toThrow(FormatError);
    expect(make).toThrow(`tokenizer.json: ${message.startsWith("merges") ? "model BPE: " : ""}`);
    expect(make).toThrow(message);
  });

  it("what is to be written between two characters", () => {
    const normalizer = { type: "Replace", pattern: { Regex: "c*" }, content: "x" };
    const { encode } = pipelineOf("tokenizer.json", { model: words, normalizer });
    expect(() => encode("a")).toThrow("pattern: must not match between two characters");
  });
});

it("takes no time over a word of many characters", () => {
  const { encode } = pipelineOf("", { model: modelOf("letters") });
  const [the = -1] = encode("the");
  expect(encode("the".repeat(50_000))).toEqual(Array.from({ length: 50_000 }, () => the));
});

it("knows what is no token where there is no unknown token", () => {
  const pipeline = pipelineOf("tokenizer.json", {
    pre_tokenizer: { type: "WhitespaceSplit" },
    model: { type: "WordPiece", vocab: { one: 0, two: 1 }, unk_token: "[UNK]" },
  });
  expect(pipeline.encode("two one")).toEqual([1, 0]);
  expect(() => pipeline.encode("one three")).toThrow("there is no unknown token");
});
