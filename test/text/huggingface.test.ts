/**
 * Ids and texts compared with transformers' own, made by Hugging Face and kept in the shared data
 * (see tokenizers/expected/SOURCE.txt).
 */

import { existsSync } from "node:fs";
import { copyFile, mkdtemp, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { FormatError, UsageError } from "../../src/errors.ts";
import { byteTokenizer, loadTokenizer, type Tokenizer } from "../../src/text/index.ts";

const DATA = "../shared/data/tokenizers";

interface Case {
  readonly name: string;
  readonly passage: string;
  /** Its key in tokenizer_tests.json. */
  readonly tests: string;
  readonly vocabularySize: number;
  readonly endOfText: number | undefined;
  readonly pad: number;
  /** Special tokens that transformers adds and `encode` does not: before and after the text. */
  readonly added: readonly [before: number, after: number];
  /** Texts that the expected ones, made before transformers 5, decode with spaces removed unasked. */
  readonly otherwise: Readonly<Record<string, string>>;
}

const cases: readonly Case[] = [
  {
    name: "gpt2",
    passage: "expected_gpt2_encoded_tokens.json",
    tests: "distilgpt2",
    vocabularySize: 50257,
    endOfText: 50256,
    pad: 50256,
    added: [0, 0],
    otherwise: { "A\n'll !!to?'d''d of, can't.": "A\n'll !!to?'d''d of, can't." },
  },
  {
    name: "t5",
    passage: "expected_t5_base_encoded.json",
    tests: "t5-base",
    vocabularySize: 32100,
    endOfText: 1,
    pad: 0,
    added: [0, 1],
    otherwise: { "A\n'll !!to?'d''d of, can't.": "A 'll !!to?'d''d of, can't." },
  },
  {
    name: "llama",
    passage: "expected_llama_encoded.json",
    tests: "coreml-projects/Llama-2-7b-chat-coreml",
    vocabularySize: 32000,
    endOfText: 2,
    pad: 2,
    added: [1, 0],
    otherwise: {},
  },
  {
    name: "bert",
    passage: "expected_bert_uncased_encoded.json",
    tests: "bert-base-uncased",
    vocabularySize: 30522,
    endOfText: undefined,
    pad: 0,
    added: [1, 1],
    otherwise: {},
  },
];

const readJson = async (path: string) => JSON.parse(await readFile(path, "utf8"));

const inner = (ids: readonly number[], [before, after]: Case["added"]) =>
  ids.slice(before, ids.length - after);

describe.skipIf(!existsSync(DATA)).each(cases)("the $name tokenizer", (row) => {
  const folder = join(DATA, row.name);
  let tokenizer: Tokenizer;
  beforeAll(async () => {
    tokenizer = await loadTokenizer(folder);
  });

  it("knows its special tokens", () => {
    const { vocabularySize, endOfText, pad } = tokenizer;
    expect({ vocabularySize, endOfText, pad }).toEqual({
      vocabularySize: row.vocabularySize,
      endOfText: row.endOfText,
      pad: row.pad,
    });
  });

  it("encodes a passage", async () => {
    const { text, token_ids: ids } = await readJson(join(folder, row.passage));
    expect([...tokenizer.encode(text)]).toEqual(inner(ids, row.added));
  });

  it("encodes and decodes short texts", async () => {
    const tests = (await readJson(join(DATA, "expected/tokenizer_tests.json")))[row.tests];
    expect(tests).toHaveLength(18);
    for (const { input, encoded, decoded_without_special: text } of tests) {
      const ids: readonly number[] = encoded.input_ids;
      expect.soft([...tokenizer.encode(input)], input).toEqual(inner(ids, row.added));
      expect.soft(tokenizer.decode(ids), input).toBe(row.otherwise[input] ?? text);
    }
  });

  it("leaves out ids that are no token", () => {
    const ids = [...tokenizer.encode("one two"), row.vocabularySize + 7];
    expect(tokenizer.decode(ids)).toBe("one two");
  });

  it("decodes no ids to no text", () => {
    expect(tokenizer.decode([])).toBe("");
  });

  it("keeps its files as they are", async () => {
    const { files } = tokenizer;
    const names = ["tokenizer.json", "tokenizer_config.json", "special_tokens_map.json"];
    const present = names.filter((name) => existsSync(join(folder, name)));
    expect([...files.keys()]).toEqual(present);
    for (const [name, content] of files) {
      expect(content).toBe(await readFile(join(folder, name), "utf8"));
    }
  });
});

async function directory(files: Readonly<Record<string, string>>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "flora-tokenizer-"));
  for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content);
  return folder;
}

const bytes = byteTokenizer().files.get("tokenizer.json") ?? "";

describe("loadTokenizer", () => {
  it.each([
    ["an empty directory", {}, "tokenizer.json is missing; got the directory"],
    ["GPT-2's slow files", { "vocab.json": "", "merges.txt": "" }, "got only vocab.json and"],
    ["half of GPT-2's slow files", { "vocab.json": "" }, "missing; got the directory"],
    ["T5's SentencePiece", { "spiece.model": "" }, "got only spiece.model"],
    ["Llama's SentencePiece", { "tokenizer.model": "" }, "got only tokenizer.model"],
    ["BERT's slow file", { "vocab.txt": "" }, "got only vocab.txt"],
  ])("refuses %s", async (_, files, message) => {
    const error = await loadTokenizer(await directory(files)).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(UsageError);
    expect(error).toHaveProperty("message", expect.stringContaining(message));
  });

  it("says how to make a tokenizer.json", async () => {
    const folder = await directory({ "tokenizer.model": "" });
    const hint = expect.stringContaining("save_pretrained");
    await expect(loadTokenizer(folder)).rejects.toMatchObject({ hint });
    await expect(loadTokenizer(join(folder, "tokenizer.model"))).rejects.toMatchObject({ hint });
  });

  it("refuses a path where nothing is", async () => {
    await expect(loadTokenizer("nowhere/at/all")).rejects.toThrow(
      "tokenizer: no such file or directory; got nowhere/at/all",
    );
  });

  it.each([
    ["text", { "tokenizer.json": "{" }, "tokenizer.json: not JSON"],
    ["a list", { "tokenizer.json": "[]" }, "tokenizer.json: not a JSON object"],
    ["another object", { "tokenizer.json": "{}" }, "tokenizer.json: not a tokenizer that can be"],
    [
      "an unknown end of text",
      { "tokenizer.json": bytes, "tokenizer_config.json": '{"eos_token":"<end>"}' },
      'the eos_token of its configuration is no token; got "<end>"',
    ],
  ])("refuses %s", async (_, files, message) => {
    const error = await loadTokenizer(await directory(files)).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(FormatError);
    expect(error).toHaveProperty("message", expect.stringContaining(message));
  });

  it.each([
    ["nothing", undefined, 256],
    ["a string", { eos_token: "A" }, 65],
    ["an object", { eos_token: { content: "B", lstrip: false } }, 66],
    ["null", { eos_token: null }, 256],
  ])("takes the end of text from a configuration that says %s", async (_, config, expected) => {
    const files = { "tokenizer.json": bytes };
    const companion =
      config === undefined ? {} : { "tokenizer_config.json": JSON.stringify(config) };
    const tokenizer = await loadTokenizer(await directory({ ...files, ...companion }));
    expect(tokenizer.endOfText).toBe(expected);
  });

  it("takes special tokens from special_tokens_map.json too", async () => {
    const map = JSON.stringify({ eos_token: "A", pad_token: "C" });
    const config = JSON.stringify({ eos_token: "B" });
    const folder = await directory({
      "tokenizer.json": bytes,
      "special_tokens_map.json": map,
      "tokenizer_config.json": config,
    });
    expect(await loadTokenizer(folder)).toMatchObject({ endOfText: 66, pad: 67 });
  });

  it("reads a file of any name, and saves it as tokenizer.json", async () => {
    const folder = await directory({ "tokenizer.json": bytes });
    await copyFile(join(folder, "tokenizer.json"), join(folder, "mine.json"));
    const tokenizer = await loadTokenizer(join(folder, "mine.json"));
    expect(tokenizer.name).toBe(basename(folder));
    expect([...tokenizer.files]).toEqual([["tokenizer.json", bytes]]);
  });

  it("knows what is no token where there is no unknown token", async () => {
    const wordPiece = {
      ...JSON.parse(bytes),
      pre_tokenizer: { type: "WhitespaceSplit" },
      decoder: null,
      added_tokens: [],
      model: { type: "WordPiece", vocab: { one: 0, two: 1 } },
    };
    const folder = await directory({ "tokenizer.json": JSON.stringify(wordPiece) });
    const tokenizer = await loadTokenizer(folder);
    expect([...tokenizer.encode("two one")]).toEqual([1, 0]);
    expect(tokenizer.decode([0, 7])).toBe("one");
    expect(() => tokenizer.encode("one three")).toThrow("there is no unknown token");
  });
});
