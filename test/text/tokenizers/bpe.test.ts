/** Merges compared with those of Hugging Face's trainer, ids with its tokenizer: golden/make_bpe.py. */

import { readFile } from "node:fs/promises";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { UsageError } from "../../../src/errors.ts";
import { byteLevelFiles, type Merge } from "../../../src/text/tokenizers/byte-level.ts";
import { createTokenizer } from "../../../src/text/tokenizers/huggingface.ts";
import { bpeSize, byteTokenizer, type Tokenizer, trainBpe } from "../../../src/text/index.ts";
import { needsData } from "../../support/data.ts";

const MULTI30K = "../shared/data/multi30k";

interface Golden {
  readonly texts: readonly string[];
  readonly merges: readonly string[];
  readonly sentences: { readonly texts: readonly string[]; readonly merges: readonly string[] };
  readonly multi30k: {
    readonly merges: readonly string[];
    readonly encoded: readonly { readonly text: string; readonly ids: readonly number[] }[];
  };
}

const golden: Golden = JSON.parse(
  await readFile(new URL("../../golden/bpe.json", import.meta.url), "utf8"),
);

const mergesOf = (tokenizer: Tokenizer): readonly string[] =>
  JSON.parse(tokenizer.files.get("tokenizer.json") ?? "").model.merges;

/** The example of Sennrich et al. (2016), section 3.2, as texts of one word each. */
const PAPER = [
  ...Array<string>(5).fill("low"),
  ...Array<string>(2).fill("lower"),
  ...Array<string>(6).fill("newest"),
  ...Array<string>(3).fill("widest"),
];

describe("trainBpe", () => {
  it("learns the paper's example as worked by hand", () => {
    const tokenizer = trainBpe(PAPER, 1000);
    expect(mergesOf(tokenizer)).toEqual([
      "e s", // 9 times, as s t, but e is before s
      "es t", // 9
      "l o", // 7, as o w
      "lo w", // 7
      "e w", // 6, as n e and w est
      "n ew", // 6, as ew est, but n is older than ew
      "new est", // 6
      "d est", // 3, as w i and i d
      "i dest", // 3, as w i
      "w idest", // 3
      "e r", // 2, as low e, but e is older than low
      "low er", // 2
    ]);
    expect(tokenizer).toMatchObject({ name: "bpe", vocabularySize: 269, endOfText: 268, pad: 268 });
    expect([...tokenizer.encode("lowest")]).toEqual([259, 257]);
  });

  it("counts overlapping pairs, and merges them from left to right", () => {
    const tokenizer = trainBpe(["aaaaa"], 1000);
    expect(mergesOf(tokenizer)).toEqual(["a a"]);
    expect([...tokenizer.encode("aaaaa")]).toEqual([256, 256, 97]);
  });

  it("stops at the size", () => {
    const tokenizer = trainBpe(PAPER, 260);
    expect(mergesOf(tokenizer)).toEqual(["e s", "es t", "l o"]);
    expect(tokenizer).toMatchObject({ vocabularySize: 260, endOfText: 259 });
  });

  it("without merges is the byte tokenizer", () => {
    expect(trainBpe(PAPER, 257).files).toEqual(byteTokenizer().files);
    expect(trainBpe([], 1000).files).toEqual(byteTokenizer().files);
  });

  it("learns what Hugging Face's trainer does", () => {
    expect(mergesOf(trainBpe(golden.texts, 2000))).toEqual(golden.merges);
    const { texts, merges } = golden.sentences;
    expect(mergesOf(trainBpe(texts, 1000))).toEqual(merges);
  });

  it("learns what it does from all of Multi30k", needsData(MULTI30K), async () => {
    const files = ["train.de", "train.en"].map((name) => readFile(`${MULTI30K}/${name}`, "utf8"));
    const lines = (await Promise.all(files)).flatMap((text) => text.split("\n"));
    expect(mergesOf(trainBpe(lines, 1000))).toEqual(golden.multi30k.merges);
  });

  it("depends on nothing but how often each word occurs", () => {
    const files = (texts: readonly string[]) => trainBpe(texts, 300).files;
    expect(files(golden.texts.toReversed())).toEqual(files(golden.texts));
  });

  it("does not learn the end of text, nor across it", () => {
    const texts = ["x<|endoftext|>y<|endoftext|>", "x<|endoftext|>y"];
    const tokenizer = trainBpe(texts, 1000);
    expect(mergesOf(tokenizer)).toEqual([]);
    expect([...tokenizer.encode(texts[0] ?? "")]).toEqual([120, 256, 121, 256]);
  });

  it("decodes what it encoded", () => {
    const tokenizer = trainBpe(golden.texts, 400);
    const anything = fc.string({ unit: "binary", maxLength: 40 });
    const familiar = fc.constantFrom(
      " über",
      " the",
      "ther",
      "日本",
      "\u00C3",
      "'s",
      " ",
      "\n",
      "\uFEFF",
    );
    const texts = fc.array(fc.oneof(anything, familiar)).map((parts) => parts.join(""));
    fc.assert(
      fc.property(texts, (text) => {
        expect(tokenizer.decode(tokenizer.encode(text))).toBe(text);
      }),
    );
  });

  it.each([256, 0, -1, 300.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 20 + 1])(
    "refuses a vocabulary of %s",
    (size) => {
      expect(() => trainBpe([], size)).toThrow(UsageError);
      expect(() => trainBpe([], size)).toThrow(`from 257 to 1048576; got ${size}`);
    },
  );
});

describe("byteLevelFiles", () => {
  const merges = golden.multi30k.merges.map((merge): Merge => {
    const [left = "", right = ""] = merge.split(" ");
    return [left, right];
  });
  const tokenizer = createTokenizer(byteLevelFiles(merges), { name: "multi30k", path: "" });

  it.each(golden.multi30k.encoded)(
    "with the merges of Multi30k encode as Hugging Face does: $text",
    ({ text, ids }) => {
      expect([...tokenizer.encode(text)]).toEqual(ids);
    },
  );
});

describe("bpeSize", () => {
  it.each([
    ["bpe:257", 257],
    ["bpe:1000", 1000],
    ["bytes", undefined],
    ["bpe", undefined],
    ["./bpe:1000", undefined],
    ["models/gpt2/tokenizer.json", undefined],
  ])("reads %s as %s", (option, size) => {
    expect(bpeSize(option)).toBe(size);
  });

  it.each([
    ["bpe:x", 'got "x"'],
    ["bpe:", 'got ""'],
    ["bpe:1e3", 'got "1e3"'],
    ["bpe:-300", 'got "-300"'],
    ["bpe:300.5", 'got "300.5"'],
    ["bpe: 300", 'got " 300"'],
    ["bpe:256", "got 256"],
    ["bpe:1048577", "got 1048577"],
  ])("refuses %s", (option, message) => {
    expect(() => bpeSize(option)).toThrow(UsageError);
    expect(() => bpeSize(option)).toThrow(message);
  });
});
