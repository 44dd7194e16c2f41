import { mkdir, mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { UsageError } from "../../../src/errors.ts";
import { chatTemplate } from "../../../src/text/chat/chat-template.ts";
import { byteTokenizer } from "../../../src/text/index.ts";
import { readConfig } from "../../../src/text/tokenizers/tokenizer-files.ts";
import { findTokenizer } from "../../support/on-node.ts";

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

  it("reads the further templates", async () => {
    const folder = await directory({ "tokenizer.json": "{}" });
    await mkdir(join(folder, "additional_chat_templates"));
    for (const name of ["tools.jinja", "rag.jinja", "notes.txt"]) {
      await writeFile(join(folder, "additional_chat_templates", name), name);
    }
    const { files } = await findTokenizer(folder);
    expect([...files]).toEqual([
      ["tokenizer.json", "{}"],
      ["additional_chat_templates/rag.jinja", "rag.jinja"],
      ["additional_chat_templates/tools.jinja", "tools.jinja"],
    ]);
    const chat = (template?: string) =>
      chatTemplate({ ...byteTokenizer(), files }, template === undefined ? {} : { template })
        .source;
    expect(chat("rag")).toBe("rag.jinja");
    expect(() => chat()).toThrow('no template of this name; got "default"');
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

  const folderOf = (names: readonly string[]) =>
    directory(Object.fromEntries(names.map((name) => [name, ""])));

  // The files of real models, less their tokenizer.json.
  it.each([
    ["T5", ["spiece.model", "tokenizer_config.json", "config.json"], "spiece.model"],
    ["Llama", ["tokenizer.model", "tokenizer_config.json"], "tokenizer.model"],
    ["BERT", ["vocab.txt", "tokenizer_config.json"], "vocab.txt"],
    ["GPT-2", ["vocab.json", "merges.txt", "config.json"], "vocab.json and merges.txt"],
  ])("names what %s has instead", async (_, names, got) => {
    const folder = await folderOf(names);
    const error = await caught(findTokenizer(folder));
    expect(error).toBeInstanceOf(UsageError);
    expect(error).toHaveProperty(
      "message",
      `tokenizer: tokenizer.json is missing; got only ${got} in ${folder}`,
    );
  });

  it.each([
    ["weights alone", ["config.json", "model.safetensors"], "got the directory"],
    [
      "GPT-2's slow files",
      [
        "config.json",
        "merges.txt",
        "model.safetensors",
        "special_tokens_map.json",
        "tokenizer_config.json",
        "vocab.json",
      ],
      "got only vocab.json and merges.txt in",
    ],
  ])("refuses a checkpoint with %s", async (_, names, got) => {
    const folder = await folderOf(names);
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
