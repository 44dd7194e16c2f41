import { existsSync } from "node:fs";
import { copyFile, mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { UsageError } from "../../../src/errors.ts";
import { readConfig } from "../../../src/text/tokenizers/tokenizer-files.ts";
import { findTokenizer } from "../../support/on-node.ts";

const SHARED = "../shared/data";

async function directory(files: Readonly<Record<string, string>>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "flora-tokenizer-"));
  for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content);
  return folder;
}

const caught = (promise: Promise<unknown>) => promise.catch((reason: unknown) => reason);

describe("findTokenizer", () => {
  it("reads the file with those beside it", async () => {
    const files = {
      "tokenizer.json": "{}",
      "tokenizer_config.json": "1",
      "special_tokens_map.json": "2",
      "chat_template.jinja": "3",
    };
    const folder = await directory({ ...files, "vocab.json": "", "merges.txt": "" });
    const found = { path: join(folder, "tokenizer.json"), files: new Map(Object.entries(files)) };
    expect(await findTokenizer(folder)).toEqual(found);
    expect(await findTokenizer(found.path)).toEqual(found);
  });

  it.each([
    ["an empty directory", {}, "tokenizer.json is missing; got the directory"],
    ["GPT-2's slow files", { "vocab.json": "", "merges.txt": "" }, "got only vocab.json and"],
    ["half of GPT-2's slow files", { "vocab.json": "" }, "missing; got the directory"],
    ["T5's SentencePiece", { "spiece.model": "" }, "got only spiece.model in"],
    ["Llama's SentencePiece", { "tokenizer.model": "" }, "got only tokenizer.model in"],
    ["NLLB's SentencePiece", { "sentencepiece.bpe.model": "" }, "only sentencepiece.bpe.model in"],
    ["BERT's slow file", { "vocab.txt": "" }, "got only vocab.txt"],
  ])("refuses %s", async (_, files, message) => {
    const error = await caught(findTokenizer(await directory(files)));
    expect(error).toBeInstanceOf(UsageError);
    expect(error).toHaveProperty("message", expect.stringContaining(message));
  });

  it.each([
    ["tokenizer.model", "pip install transformers sentencepiece protobuf: from transformers"],
    ["vocab.txt", "pip install transformers: from transformers"],
  ])("says how to make a tokenizer.json from %s", async (name, packages) => {
    const folder = await directory({ [name]: "" });
    const error = await caught(findTokenizer(folder));
    expect(error).toHaveProperty("hint", expect.stringContaining(packages));
    expect(error).toHaveProperty("hint", expect.stringContaining(`d = "${folder}"; `));
    expect(await caught(findTokenizer(join(folder, name)))).toEqual(error);
  });

  it("refuses a path where nothing is", async () => {
    await expect(findTokenizer("nowhere/at/all")).rejects.toThrow(
      "tokenizer: no such file or directory; got nowhere/at/all",
    );
  });

  // The folders of real models, less their tokenizer.json.
  it.skipIf(!existsSync(SHARED)).each([
    ["tokenizers/t5", ["spiece.model", "tokenizer_config.json", "config.json"], "spiece.model"],
    ["tokenizers/llama", ["tokenizer.model", "tokenizer_config.json"], "tokenizer.model"],
    ["tokenizers/bert", ["vocab.txt", "tokenizer_config.json"], "vocab.txt"],
    ["tokenizers/gpt2", ["vocab.json", "merges.txt", "config.json"], "vocab.json and merges.txt"],
  ])("names what %s has instead", async (source, names, got) => {
    const folder = await directory({});
    for (const name of names) await copyFile(join(SHARED, source, name), join(folder, name));
    const error = await caught(findTokenizer(folder));
    expect(error).toBeInstanceOf(UsageError);
    expect(error).toHaveProperty(
      "message",
      `tokenizer: tokenizer.json is missing; got only ${got} in ${folder}`,
    );
  });

  it.skipIf(!existsSync(SHARED)).each([
    ["stories260K_hf", "got the directory"],
    ["tiny_random_gpt2/tiny_gpt2", "got only vocab.json and merges.txt in"],
    ["tiny_random_gpt2/fake_gpt2", "got the directory"],
  ])("refuses the checkpoint %s, which has none", async (name, got) => {
    const folder = join(SHARED, "checkpoints", name);
    const error = await caught(findTokenizer(folder));
    expect(error).toBeInstanceOf(UsageError);
    expect(error).toHaveProperty(
      "message",
      `tokenizer: tokenizer.json is missing; ${got} ${folder}`,
    );
    expect(error).toHaveProperty("hint", expect.stringMatching(/tokenizer\.json|save_pretrained/));
  });
});

describe("readConfig", () => {
  it("prefers tokenizer_config.json to special_tokens_map.json", () => {
    const files = new Map([
      ["tokenizer_config.json", '{"a":1}'],
      ["special_tokens_map.json", '{"a":2,"b":3}'],
    ]);
    expect(readConfig(files)).toEqual({ a: 1, b: 3 });
  });

  it("says which file is not JSON", () => {
    const files = new Map([["tokenizer_config.json", "{"]]);
    expect(() => readConfig(files, "model")).toThrow("model/tokenizer_config.json: not JSON");
  });
});
