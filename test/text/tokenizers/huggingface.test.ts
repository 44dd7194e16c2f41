/**
 * Ids and texts compared with transformers' own. Of small tokenizers: golden/make_small_tokenizers.py.
 * Of real ones: those kept in the shared data, made by Hugging Face (see tokenizers/expected/SOURCE.txt),
 * and those of golden/make_special_tokens.py.
 */

import { existsSync } from "node:fs";
import { copyFile, mkdtemp, readdir, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { FormatError } from "../../../src/errors.ts";
import { createTokenizer } from "../../../src/text/tokenizers/huggingface.ts";
import { byteTokenizer, type Tokenizer } from "../../../src/text/index.ts";
import { DATA as SHARED, needsData } from "../../support/data.ts";
import { directoryOf, smallTokenizers } from "../../support/small-tokenizers.ts";
import { STORIES, storiesTokenizer } from "../../support/stories.ts";
import { loadTokenizer } from "../../support/on-node.ts";

const DATA = `${SHARED}/tokenizers`;

describe.each(smallTokenizers)("a small tokenizer like that of %s", (_, golden) => {
  let folder: string;
  let tokenizer: Tokenizer;
  beforeAll(async () => {
    folder = directoryOf(golden);
    tokenizer = await loadTokenizer(folder);
  });

  it("knows its special tokens", () => {
    expect(tokenizer).toMatchObject({
      vocabularySize: golden.vocabularySize,
      startOfText: golden.before[0],
      endOfText: golden.endOfText ?? undefined,
      pad: golden.pad ?? golden.endOfText,
      mask: golden.mask ?? undefined,
      unknown: golden.unknown ?? undefined,
    });
    expect([...tokenizer.specialTokens].toSorted((a, b) => a - b)).toEqual(golden.special);
  });

  it.each(golden.texts)("encodes and decodes $text", ({ text, inner, ids, types, decoded }) => {
    expect([...tokenizer.encode(text)]).toEqual(inner);
    expect([...tokenizer.encodePrompt(text)]).toEqual([...golden.before, ...inner]);
    const whole = tokenizer.encodeWithSpecialTokens(text);
    expect([...whole.ids]).toEqual(ids);
    expect([...whole.tokenTypes]).toEqual(types);
    expect(tokenizer.decode(ids)).toBe(decoded);
  });

  it.each(golden.pairs)("puts around $texts what transformers does", ({ texts, ids, types }) => {
    const { ids: found, tokenTypes } = tokenizer.encodeWithSpecialTokens(...texts);
    expect([...found]).toEqual(ids);
    expect([...tokenTypes]).toEqual(types);
  });

  it("leaves out ids that are no token", () => {
    const ids = [...tokenizer.encode("one two"), golden.vocabularySize + 7];
    expect(tokenizer.decode(ids)).toBe("one two");
  });

  it("decodes no ids to no text", () => {
    expect(tokenizer.decode([])).toBe("");
  });

  it("keeps its files as they are", async () => {
    expect([...tokenizer.files.keys()]).toEqual(Object.keys(golden.files));
    for (const [name, content] of tokenizer.files) {
      expect(content).toBe(await readFile(join(folder, name), "utf8"));
    }
  });
});

interface Case {
  readonly name: string;
  /** Files with one passage, in the tokenizer's own folder and in expected/. */
  readonly passages: readonly string[];
  /** Keys of tokenizer_tests.json. */
  readonly tests: readonly string[];
  readonly vocabularySize: number;
  readonly startOfText: number | undefined;
  readonly endOfText: number | undefined;
  readonly pad: number;
  readonly mask: number | undefined;
  readonly unknown: number | undefined;
  /** How many special tokens the tokenizer puts before a text and after it. */
  readonly added: readonly [before: number, after: number];
  /** Texts that the expected ones, made before transformers 5, decode with spaces removed unasked. */
  readonly otherwise: Readonly<Record<string, string>>;
}

const cases: readonly Case[] = [
  {
    name: "gpt2",
    passages: ["gpt2/expected_gpt2_encoded_tokens.json", "expected/gpt2_encoded_tokens.json"],
    tests: ["distilgpt2"],
    vocabularySize: 50257,
    startOfText: undefined,
    endOfText: 50256,
    pad: 50256,
    mask: undefined,
    unknown: undefined,
    added: [0, 0],
    otherwise: { "A\n'll !!to?'d''d of, can't.": "A\n'll !!to?'d''d of, can't." },
  },
  {
    name: "t5",
    passages: ["t5/expected_t5_base_encoded.json", "expected/t5_base_encoded.json"],
    tests: ["t5-base"],
    vocabularySize: 32100,
    startOfText: undefined,
    endOfText: 1,
    pad: 0,
    mask: undefined,
    unknown: 2,
    added: [0, 1],
    otherwise: { "A\n'll !!to?'d''d of, can't.": "A 'll !!to?'d''d of, can't." },
  },
  {
    name: "llama",
    passages: ["llama/expected_llama_encoded.json", "expected/llama_encoded.json"],
    tests: ["coreml-projects/Llama-2-7b-chat-coreml"],
    vocabularySize: 32000,
    startOfText: 1,
    endOfText: 2,
    pad: 2,
    mask: undefined,
    unknown: 0,
    added: [1, 0],
    otherwise: {},
  },
  {
    name: "bert",
    passages: ["bert/expected_bert_uncased_encoded.json", "expected/bert_uncased_encoded.json"],
    tests: ["bert-base-uncased", "google-bert/bert-base-uncased"],
    vocabularySize: 30522,
    startOfText: 101,
    endOfText: undefined,
    pad: 0,
    mask: 103,
    unknown: 100,
    added: [1, 1],
    otherwise: {},
  },
];

/** English Whisper has GPT-2's vocabulary, and its own special tokens: two before a text, one after. */
const WHISPER = {
  passage: "expected/whisper_tiny_en_encoded.json",
  tests: "openai/whisper-tiny.en",
};

/** Expectations whose tokenizer.json is not in the shared data. */
const WITHOUT_TOKENIZER = {
  passages: [
    "expected/distilbert_cased_encoded.json",
    "expected/falcon_encoded.json",
    "expected/gemma_encoded.json",
    "expected/llama_3.2_encoded.json",
    "expected/whisper_large_v2_encoded.json",
  ],
  tests: [
    "distilbert/distilbert-base-multilingual-cased",
    "openai/whisper-large-v2",
    "pcuenq/Llama-3.2-1B-Instruct-tokenizer",
    "pcuenq/gemma-tokenizer",
    "tiiuae/falcon-7b",
  ],
};

const readJson = async (path: string) => JSON.parse(await readFile(path, "utf8"));

const readTests = async (key: string) =>
  (await readJson(join(DATA, "expected/tokenizer_tests.json")))[key];

const inner = (ids: readonly number[], [before, after]: Case["added"]) =>
  ids.slice(before, ids.length - after);

describe("the expected encodings", needsData(DATA), () => {
  it("are all in use, but for those without a tokenizer", async () => {
    const files = await readdir(DATA, { recursive: true });
    expect(files.filter((name) => /expected.*\.json$/.test(name)).toSorted()).toEqual(
      [
        "expected/tokenizer_tests.json",
        WHISPER.passage,
        ...cases.flatMap(({ passages }) => passages),
        ...WITHOUT_TOKENIZER.passages,
      ].toSorted(),
    );
    const keys = Object.keys(await readJson(join(DATA, "expected/tokenizer_tests.json")));
    expect(keys.toSorted()).toEqual(
      [
        ...cases.flatMap(({ tests }) => tests),
        WHISPER.tests,
        ...WITHOUT_TOKENIZER.tests,
      ].toSorted(),
    );
  });
});

describe.each(cases)("the $name tokenizer", needsData(DATA), (row) => {
  const folder = join(DATA, row.name);
  let tokenizer: Tokenizer;
  beforeAll(async () => {
    tokenizer = await loadTokenizer(folder);
  });

  it("knows its special tokens", () => {
    const { vocabularySize, startOfText, endOfText, pad, mask, unknown } = row;
    expect(tokenizer).toMatchObject({ vocabularySize, startOfText, endOfText, pad, mask, unknown });
  });

  it.each(row.passages)("encodes the passage of %s", async (path) => {
    const { text, token_ids: ids } = await readJson(join(DATA, path));
    expect([...tokenizer.encode(text)]).toEqual(inner(ids, row.added));
    expect([...tokenizer.encodePrompt(text)]).toEqual(inner(ids, [0, row.added[1]]));
    expect([...tokenizer.encodeWithSpecialTokens(text).ids]).toEqual(ids);
  });

  it.each(row.tests)("encodes and decodes the short texts of %s", async (key) => {
    const tests = await readTests(key);
    expect(tests).toHaveLength(18);
    for (const { input, encoded, decoded_without_special: text } of tests) {
      const { input_ids: ids, token_type_ids: types } = encoded;
      expect.soft([...tokenizer.encode(input)], input).toEqual(inner(ids, row.added));
      const whole = tokenizer.encodeWithSpecialTokens(input);
      expect.soft([...whole.ids], input).toEqual(ids);
      if (types !== undefined) expect.soft([...whole.tokenTypes], input).toEqual(types);
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

it("GPT-2's tokenizer gives the ids of English Whisper", needsData(DATA), async () => {
  const { encode } = await loadTokenizer(join(DATA, "gpt2"));
  const { text, token_ids: ids } = await readJson(join(DATA, WHISPER.passage));
  expect([...encode(text)]).toEqual(inner(ids, [2, 1]));
  for (const { input, encoded } of await readTests(WHISPER.tests)) {
    expect.soft([...encode(input)], input).toEqual(inner(encoded.input_ids, [2, 1]));
  }
});

interface Expected {
  readonly folder: string;
  readonly mask: number | null;
  readonly endOfText: number | null;
  readonly special: readonly number[];
  readonly encoded: readonly {
    readonly texts: readonly [string, string?];
    readonly ids: readonly number[];
    readonly types: readonly number[];
  }[];
}

const golden: readonly Expected[] = (
  await readJson(new URL("../../golden/special_tokens.json", import.meta.url).pathname)
).tokenizers;

describe.each(golden)("the tokenizer of $folder", needsData(SHARED), (expected) => {
  let tokenizer: Tokenizer;
  beforeAll(async () => {
    tokenizer = await loadTokenizer(join(SHARED, expected.folder));
  });

  it("has the special tokens of transformers", () => {
    expect(tokenizer.mask ?? null).toBe(expected.mask);
    expect(tokenizer.endOfText ?? null).toBe(expected.endOfText);
    expect([...tokenizer.specialTokens].toSorted((a, b) => a - b)).toEqual(expected.special);
  });

  it.each(expected.encoded)(
    "puts around $texts what transformers does",
    ({ texts, ids, types }) => {
      const { ids: found, tokenTypes } = tokenizer.encodeWithSpecialTokens(...texts);
      expect([...found]).toEqual(ids);
      expect([...tokenTypes]).toEqual(types);
    },
  );
});

describe("the tokenizer of stories260K", needsData(STORIES), () => {
  it("gives the ids that its model was made with", async () => {
    const expected = await readJson(join(STORIES, "expected.json"));
    const tokenizer = createTokenizer(await storiesTokenizer(), { name: "stories", path: "" });
    expect([...tokenizer.encodePrompt(expected.text)]).toEqual(expected.ids);
    const story = expected.greedy_text.replaceAll("<0x0A>", "\n").trimStart();
    expect(tokenizer.decode(expected.greedy_ids)).toBe(story);
    expect([...tokenizer.encodePrompt(story)]).toEqual(expected.greedy_ids);
    expect(tokenizer).toMatchObject({ vocabularySize: 512, startOfText: 1, endOfText: 2 });
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
    ["text", { "tokenizer.json": "{" }, "tokenizer.json: not JSON"],
    [
      "a Git LFS pointer",
      { "tokenizer.json": "version https://git-lfs.github.com/spec/v1\noid sha256:00\n" },
      "tokenizer.json: a Git LFS pointer, not the file itself",
    ],
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

  // Ids and texts are those of transformers 5.24.0, PreTrainedTokenizerFast.from_pretrained.
  it.each([
    [{ eos_token: "<end>" }, [1, 3, 0], "cat"],
    [{ eos_token: { content: "<end>", lstrip: true } }, [1, 3, 0], "cat"],
    [{ additional_special_tokens: ["<end>"] }, [1, 3, 0], "cat"],
    [{}, [1, 0, 0, 0, 0], "cat <end>"],
  ])("finds tokens of the vocabulary that %j names", async (config, ids, text) => {
    const words = {
      ...JSON.parse(bytes),
      pre_tokenizer: { type: "Whitespace" },
      decoder: null,
      added_tokens: [],
      model: {
        type: "WordLevel",
        vocab: { "<unk>": 0, cat: 1, sat: 2, "<end>": 3 },
        unk_token: "<unk>",
      },
    };
    const tokenizer = await loadTokenizer(
      await directory({
        "tokenizer.json": JSON.stringify(words),
        "tokenizer_config.json": JSON.stringify(config),
      }),
    );
    expect([...tokenizer.encode("cat <end> dog")]).toEqual(ids);
    expect(tokenizer.decode([1, 3])).toBe(text);
  });

  it("reads a file of any name, and saves it as tokenizer.json", async () => {
    const folder = await directory({ "tokenizer.json": bytes });
    await copyFile(join(folder, "tokenizer.json"), join(folder, "mine.json"));
    const tokenizer = await loadTokenizer(join(folder, "mine.json"));
    expect(tokenizer.name).toBe(basename(folder));
    expect([...tokenizer.files]).toEqual([["tokenizer.json", bytes]]);
  });
});
