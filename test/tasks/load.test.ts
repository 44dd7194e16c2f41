import { tokenizerOf, vocabularySizeOf } from "../../src/tasks/reading/tokenizer.ts";
import { mkdir, mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { UsageError } from "../../src/errors.ts";
import { byteTokenizer, type Tokenizer } from "../../src/text/index.ts";
import { parseConfig, type TrainConfig } from "../../src/options/config.ts";
import { openDataset } from "../../src/tasks/reading/dataset.ts";
import { nodeFiles } from "../support/files.ts";
import { predictMemory } from "../../src/train/memory/memory.ts";

const mergesOf = (tokenizer: Tokenizer): readonly string[] =>
  JSON.parse(tokenizer.files.get("tokenizer.json") ?? "").model.merges;

const open = async (config: TrainConfig) =>
  tokenizerOf(nodeFiles, config, openDataset({ config, files: nodeFiles }));

describe("a tokenizer that is learned", () => {
  let folder: string;
  let withTokenizer: string;
  let train: readonly string[];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "flora-data-"));
    withTokenizer = join(folder, "earlier");
    await mkdir(withTokenizer);
    for (const model of [folder, withTokenizer]) await writeFile(join(model, "config.json"), "{}");
    for (const [name, content] of byteTokenizer().files) {
      await writeFile(join(withTokenizer, name), content);
    }
    train = [join(folder, "a.de"), join(folder, "a.en")];
    await writeFile(join(folder, "a.de"), "ab\nab\ncd cd\n");
    await writeFile(join(folder, "a.en"), "xy\nxy\nuv uv\n");
    await writeFile(join(folder, "a.txt"), "ab ab xy");
  });

  async function learned(options: object): Promise<Tokenizer> {
    const tokenizer = await open(parseConfig({ tokenizer: "bpe:300", ...options }));
    if (!tokenizer) throw new Error("no tokenizer");
    return tokenizer;
  }

  it("knows the prompts and targets of the training pairs, not those held out", async () => {
    // Of three pairs the last is held out.
    expect(mergesOf(await learned({ train }))).toEqual(["a b", "x y"]);
    const prompts = await learned({ train, prefix: "p", suffix: "q" });
    // All occur twice: a is the oldest symbol, then p, then x; those made later come last.
    expect(mergesOf(prompts)).toEqual(["a b", "p ab", "x y", "pab q"]);
  });

  it("knows texts", async () => {
    expect(mergesOf(await learned({ train: join(folder, "a.txt") }))).toEqual(["a b"]);
  });

  it("knows the built-in grammar", async () => {
    expect(await learned({})).toMatchObject({ name: "bpe", vocabularySize: 300 });
  });

  it("is that of the run that is resumed, or of the model, if there is one", async () => {
    const bytes = { vocabularySize: 257, name: "earlier" };
    expect(await learned({ train, resume: true, output: withTokenizer })).toMatchObject(bytes);
    expect(await learned({ train, model: withTokenizer })).toMatchObject(bytes);
    const fresh = { vocabularySize: 259, name: "bpe" };
    expect(await learned({ train, output: withTokenizer })).toMatchObject(fresh);
    expect(await learned({ train, resume: true, output: folder })).toMatchObject(fresh);
    expect(await learned({ train, model: folder })).toMatchObject(fresh);
  });

  it("has the size that was asked for before the data is read", async () => {
    const size = (options: object) =>
      vocabularySizeOf(
        nodeFiles,
        parseConfig({ train: "nowhere.txt", tokenizer: "bpe:4321", ...options }),
      );
    expect(await size({})).toBe(4321);
    expect(await size({ model: withTokenizer })).toBe(257);
    expect(await size({ tokenizer: "bytes" })).toBe(257);
    expect(await size({ tokenizer: withTokenizer })).toBe(257);
  });

  it("counts in the predicted memory with that size", async () => {
    const model = { n_embd: 16, n_layer: 1, n_head: 2, n_positions: 32, model_type: "gpt2" };
    const options = { train: "nowhere.txt", tokenizer: "bpe:4321", model };
    const { parameters } = await predictMemory(nodeFiles, parseConfig(options));
    expect(parameters.find(({ shape }) => shape[0] === 4321)?.shape).toEqual([4321, 16]);
  });

  it("is none for a model of images", async () => {
    const config = parseConfig({ model: { model_type: "vit" } });
    expect(await open(config)).toBeUndefined();
    expect(await vocabularySizeOf(nodeFiles, config)).toBeUndefined();
  });

  it("needs a size", async () => {
    await expect(learned({ train, tokenizer: "bpe:x" })).rejects.toThrow(UsageError);
    await expect(learned({ train, tokenizer: "bpe:256" })).rejects.toThrow("got 256");
  });
});
