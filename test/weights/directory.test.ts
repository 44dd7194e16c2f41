import { existsSync, readdirSync } from "node:fs";
import { rename, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { FormatError, UsageError } from "../../src/errors.ts";
import { float32, hostTensor, type HostTensor, int32 } from "../../src/tensor/host-tensor.ts";
import { isPlainFileName } from "../../src/weights/directory.ts";
import { needsData } from "../support/data.ts";
import { failure, temporaryDirectory } from "./support.ts";
import { eachWeight, loadWeights, readConfig, writeSafetensors } from "../support/on-node.ts";

const vector = (...values: readonly number[]): HostTensor =>
  float32([values.length], Float32Array.from(values));

/** A directory whose model.safetensors holds `tensors`. */
async function modelDirectory(tensors: Readonly<Record<string, HostTensor>>): Promise<string> {
  const dir = temporaryDirectory();
  await writeSafetensors(join(dir, "model.safetensors"), Object.entries(tensors));
  return dir;
}

/** A directory with two shards and an index with the given weight_map. */
async function shardedDirectory(weightMap: unknown): Promise<string> {
  const dir = temporaryDirectory();
  await writeSafetensors(join(dir, "one.safetensors"), [["a", vector(1)]]);
  await writeSafetensors(join(dir, "two.safetensors"), [
    ["b", vector(2, 3)],
    ["unlisted", vector(4)],
  ]);
  const index = JSON.stringify({ metadata: { total_size: 16 }, weight_map: weightMap });
  await writeFile(join(dir, "model.safetensors.index.json"), index);
  return dir;
}

const shapes = (
  expected: Readonly<Record<string, readonly number[]>>,
): ReadonlyMap<string, readonly number[]> => new Map(Object.entries(expected));

/** A directory with this config.json. */
const withConfig = async (content: string | Uint8Array): Promise<string> => {
  const dir = temporaryDirectory();
  await writeFile(join(dir, "config.json"), content);
  return dir;
};

describe("readConfig", () => {
  it("reads an object, with or without a byte order mark", async () => {
    const text = '{"model_type": "gpt2", "n_embd": 2}';
    for (const content of [text, `\uFEFF${text}`]) {
      const config = await readConfig(await withConfig(content));
      expect(config).toEqual({ model_type: "gpt2", n_embd: 2 });
    }
  });

  it.each([
    ['{\n  "n_embd": 2,\n}', "config.json: JSON: line 3, column 1: expected a string", 3],
    ['{\n"a": 1,\n"a": 2}', 'line 3, column 1: key "a" appears twice', 3],
    ["[]", "config.json: JSON: must be an object; got an array of 0", 1],
    [Uint8Array.of(0xff), "config.json: JSON: not valid UTF-8", undefined],
  ])("refuses %j", async (content, message, offset) => {
    const error = await failure(readConfig(await withConfig(content)));
    expect(error).toBeInstanceOf(FormatError);
    expect(error).toMatchObject({ message: expect.stringContaining(message), offset });
  });

  it("says that there is none", async () => {
    const error = await failure(readConfig(temporaryDirectory()));
    expect(error).toBeInstanceOf(UsageError);
    expect(error).toMatchObject({ message: expect.stringContaining("config.json: cannot read") });
  });

  it("says that an adapter is no model", async () => {
    const dir = temporaryDirectory();
    await writeFile(join(dir, "adapter_config.json"), "{}");
    const error = await failure(readConfig(dir));
    expect(error).toMatchObject({ message: `${dir}: holds an adapter, not a model` });
  });
});

describe("loadWeights", () => {
  it("gives the tensors in the order and under the names that are expected", async () => {
    const dir = await modelDirectory({ a: vector(1), b: vector(2, 3) });
    const weights = await loadWeights(dir, shapes({ b: [2], a: [1] }));
    expect([...weights]).toEqual([
      ["b", vector(2, 3)],
      ["a", vector(1)],
    ]);
  });

  it.each([
    ["h.0.w", "h.0.w"],
    ["h.0.w", "transformer.h.0.w"],
    ["transformer.h.0.w", "h.0.w"],
    ["transformer.h.0.w", "model.h.0.w"],
  ])("finds %s stored as %s", async (expected, stored) => {
    const dir = await modelDirectory({ [stored]: vector(1) });
    const prefixes = ["transformer.", "model."];
    const weights = await loadWeights(dir, shapes({ [expected]: [1] }), { prefixes });
    expect([...weights]).toEqual([[expected, vector(1)]]);
  });

  it("tells apart two expected names that differ only in a prefix", async () => {
    const dir = await modelDirectory({ w: vector(1), "model.w": vector(2) });
    const expected = shapes({ "model.w": [1], w: [1] });
    const weights = await loadWeights(dir, expected, { prefixes: ["model."] });
    expect(weights).toEqual(
      new Map([
        ["model.w", vector(2)],
        ["w", vector(1)],
      ]),
    );
  });

  it("lists everything that does not fit in one error", async () => {
    const dir = await modelDirectory({
      "model.a": vector(1),
      a: vector(1),
      b: vector(1, 2, 3),
      c: int32([1], Int32Array.of(1)),
      x: vector(1),
      y: vector(1),
    });
    const expected = shapes({ a: [1], b: [3, 1], c: [1], d: [1], e: [] });
    const error = await failure(loadWeights(dir, expected, { prefixes: ["model."] }));
    expect(error).toBeInstanceOf(UsageError);
    expect(error).toMatchObject({
      message:
        `${dir}: weights do not fit the model; missing: d, e; unexpected: x, y; ` +
        "stored twice: model.a; wrong: b [3] instead of [3, 1], c I32 instead of a float",
    });
  });

  it("ignores what it is told to, with or without a prefix", async () => {
    const dir = await modelDirectory({
      "transformer.h.0.attn.bias": vector(1),
      "h.11.attn.masked_bias": vector(1),
      "cls.predictions.bias": vector(1),
      "lm_head.weight": vector(1),
      w: vector(1),
    });
    const ignore = ["h.*.attn.bias", "h.*.attn.masked_bias", "cls.*", "lm_head.weight"];
    const options = { prefixes: ["transformer."], ignore };
    expect([...(await loadWeights(dir, shapes({ w: [1] }), options)).keys()]).toEqual(["w"]);
  });

  it.each(["h.*.attn", "*.bia", "h.*.attn.bias.", "h?0?attn?bias", ".*", "H.0.attn.bias"])(
    "does not ignore h.0.attn.bias for the pattern %s",
    async (pattern) => {
      const dir = await modelDirectory({ "h.0.attn.bias": vector(1) });
      const error = await failure(loadWeights(dir, shapes({}), { ignore: [pattern] }));
      expect(error).toMatchObject({
        message: expect.stringContaining("unexpected: h.0.attn.bias"),
      });
    },
  );

  it("loads an expected tensor even if a pattern ignores it", async () => {
    const dir = await modelDirectory({ "lm_head.weight": vector(1) });
    const expected = shapes({ "lm_head.weight": [1] });
    expect((await loadWeights(dir, expected, { ignore: ["lm_head.*"] })).size).toBe(1);
  });

  it("leaves out what may be missing, with or without a prefix", async () => {
    const dir = await modelDirectory({ "model.w": vector(1), "score.bias": vector(2) });
    const expected = shapes({ "model.w": [1], "model.score.weight": [3], "score.bias": [1] });
    const options = { prefixes: ["model."], optional: ["score.*"] };
    expect([...(await loadWeights(dir, expected, options))]).toEqual([
      ["model.w", vector(1)],
      ["score.bias", vector(2)],
    ]);
    const error = await failure(loadWeights(dir, expected, { optional: ["*.bias", "score"] }));
    expect(error).toMatchObject({
      message: `${dir}: weights do not fit the model; missing: model.score.weight`,
    });
  });

  it("knows the names of older versions by their endings", async () => {
    const dir = await modelDirectory({ "norm.gamma": vector(1), "a.norm.beta": vector(2) });
    const expected = shapes({ "a.norm.bias": [1], "norm.weight": [1] });
    const endings = { "norm.gamma": "norm.weight", "norm.beta": "norm.bias" };
    expect([...(await loadWeights(dir, expected, { endings }))]).toEqual([
      ["a.norm.bias", vector(2)],
      ["norm.weight", vector(1)],
    ]);
    const both = await modelDirectory({ "norm.gamma": vector(1), "norm.weight": vector(2) });
    const error = await failure(loadWeights(both, shapes({ "norm.weight": [1] }), { endings }));
    expect(error).toMatchObject({ message: expect.stringContaining("stored twice: norm.weight") });
  });

  it("refuses an optional tensor that is there with another shape", async () => {
    const dir = await modelDirectory({ "score.weight": vector(1, 2) });
    const expected = shapes({ "score.weight": [3] });
    expect(await failure(loadWeights(dir, expected, { optional: ["score.*"] }))).toMatchObject({
      message: expect.stringContaining("wrong: score.weight [2] instead of [3]"),
    });
  });

  it("takes a tied copy for what is missing, and checks it as such", async () => {
    const dir = await modelDirectory({ "encoder.embed": vector(1, 2), "head.bias": vector(3) });
    const expected = shapes({ shared: [2], head: [2], "head.bias": [1] });
    const options = {
      ignore: ["encoder.embed"],
      substitutes: { shared: ["encoder.embed"], head: ["shared"], "head.bias": ["shared"] },
    };
    expect([...(await loadWeights(dir, expected, options))]).toEqual([
      ["shared", vector(1, 2)],
      ["head", vector(1, 2)],
      ["head.bias", vector(3)],
    ]);
    const wider = shapes({ shared: [3], "head.bias": [1] });
    expect(await failure(loadWeights(dir, wider, options))).toMatchObject({
      message: expect.stringContaining("wrong: encoder.embed [2] instead of [3]"),
    });
  });

  it("reads shards, of which it takes what the index lists", async () => {
    const dir = await shardedDirectory({ b: "two.safetensors", a: "one.safetensors" });
    const weights = await loadWeights(dir, shapes({ a: [1], b: [2] }));
    expect([...weights]).toEqual([
      ["a", vector(1)],
      ["b", vector(2, 3)],
    ]);
  });

  it("prefers model.safetensors to an index", async () => {
    const dir = await shardedDirectory({ a: "one.safetensors" });
    await rename(join(dir, "one.safetensors"), join(dir, "model.safetensors"));
    expect((await loadWeights(dir, shapes({ a: [1] }))).get("a")).toEqual(vector(1));
  });

  const weightMaps: readonly (readonly [weightMap: unknown, message: string])[] = [
    [undefined, "weight_map: must be an object; got nothing"],
    [["one.safetensors"], "weight_map: must be an object; got an array of 1"],
    [{ a: 1 }, 'weight_map: file of tensor "a" must be a plain file name; got 1'],
    [{ z: "one.safetensors" }, 'weight_map: tensor "z" is not in one.safetensors'],
    ...["../one.safetensors", "/one.safetensors", "..", ".", "", "a/b", "a\\b", "C:a", "a\0"].map(
      (shard) => [{ a: shard }, 'file of tensor "a" must be a plain file name'] as const,
    ),
  ];
  it.each(weightMaps)("refuses the weight_map %j", async (weightMap, message) => {
    const error = await failure(loadWeights(await shardedDirectory(weightMap), shapes({ a: [1] })));
    expect(error).toBeInstanceOf(FormatError);
    expect(error).toMatchObject({ message: expect.stringContaining(message) });
  });

  it("names a shard that is missing", async () => {
    const dir = await shardedDirectory({ a: "three.safetensors" });
    expect(await failure(loadWeights(dir, shapes({ a: [1] })))).toMatchObject({
      name: "UsageError",
      message: `${join(dir, "model.safetensors.index.json")}: names the file three.safetensors, which is not there`,
    });
  });

  it.each(["pytorch_model.bin", "pytorch_model.bin.index.json"])(
    "does not load %s, and says what to do",
    async (name) => {
      const dir = temporaryDirectory();
      await writeFile(join(dir, name), "");
      const error = await failure(loadWeights(dir, shapes({})));
      expect(error).toBeInstanceOf(UsageError);
      expect(error).toMatchObject({
        message: `${dir}: holds only ${name}, a pickle, which runs code when it is loaded`,
        hint: expect.stringContaining("save_pretrained it with transformers 4.40 or later"),
      });
    },
  );

  it("says that there are no weights, or no directory", async () => {
    const dir = temporaryDirectory();
    expect(await failure(loadWeights(dir, shapes({})))).toMatchObject({
      name: "UsageError",
      message: `${dir}: no model.safetensors and no model.safetensors.index.json`,
    });
    expect(await failure(loadWeights(join(dir, "absent"), shapes({})))).toMatchObject({
      name: "UsageError",
      message: `${join(dir, "absent")}: no such directory`,
    });
  });
});

it("a file is in memory once when it is loaded", async () => {
  const tensor = float32([1 << 20], new Float32Array(1 << 20));
  const names = ["a", "b", "c", "d", "e", "f"];
  const dir = await modelDirectory(Object.fromEntries(names.map((name) => [name, tensor])));
  const before = process.memoryUsage().arrayBuffers;
  const weights = await loadWeights(dir, new Map(names.map((name) => [name, [1 << 20]])));
  const taken = process.memoryUsage().arrayBuffers - before;
  expect(weights.size).toBe(6);
  expect(taken).toBeLessThan(6.5 * tensor.data.byteLength);
});

describe("eachWeight", () => {
  const a = hostTensor("float16", [2], Uint16Array.of(0x3c00, 0xc000));
  const b = hostTensor("bfloat16", [1], Uint16Array.of(0x3f80));
  const expected = shapes({ c: [1], b: [1], a: [2] });
  const mixedDirectory = (): Promise<string> => modelDirectory({ a, b, c: vector(3) });

  it.each([
    [{}, [vector(3), vector(1), vector(1, -2)]],
    [{ widen: false }, [vector(3), b, a]],
  ])("yields in the order that is expected, with %j", async (options, tensors) => {
    const yielded: HostTensor[] = [];
    for await (const [name, tensor] of eachWeight(await mixedDirectory(), expected, options)) {
      expect(name).toBe(["c", "b", "a"][yielded.length]);
      yielded.push(tensor);
    }
    expect(yielded).toEqual(tensors);
  });

  it("reads a tensor when it is asked for, into memory of its own", async () => {
    const dir = await mixedDirectory();
    const weights = eachWeight(dir, expected);
    const [, first] = (await weights.next()).value ?? [];
    await truncate(join(dir, "model.safetensors"), 8);
    expect(first).toEqual(vector(3));
    expect(await failure(weights.next())).toMatchObject({
      message: expect.stringContaining("file became shorter while it was read"),
    });
  });

  it("lists what does not fit before it reads anything", async () => {
    const weights = eachWeight(await mixedDirectory(), shapes({ c: [1], d: [1] }));
    expect(await failure(weights.next())).toMatchObject({
      message: expect.stringContaining("missing: d; unexpected: "),
    });
  });

  it.skipIf(!existsSync("/proc/self/fd"))("closes the files of whoever stops early", async () => {
    const dir = await mixedDirectory();
    const open = (): number => readdirSync("/proc/self/fd").length;
    const before = open();
    for await (const _ of eachWeight(dir, expected)) {
      expect(open()).toBe(before + 1);
      break;
    }
    expect(open()).toBe(before);
  });
});

describe("isPlainFileName", () => {
  it.each(["model-00001-of-00002.safetensors", "tokenizer.json", ".hidden", "a..b"])(
    "accepts %s",
    (name) => {
      expect(isPlainFileName(name)).toBe(true);
    },
  );
});

const checkpoints = "../shared/data/checkpoints/tiny_random_gpt2";
describe("real checkpoints", needsData(checkpoints), () => {
  it.each(["tiny_gpt2", "fake_gpt2"])("loads %s under one set of names", async (name) => {
    const dir = join(checkpoints, name);
    const config = await readConfig(dir);
    const [c, vocabulary] = [Number(config["n_embd"]), Number(config["vocab_size"])];
    const all = shapes({
      "wte.weight": [vocabulary, c],
      "wpe.weight": [1024, c],
      "h.0.ln_1.weight": [c],
      "h.0.ln_1.bias": [c],
      "h.0.attn.c_attn.weight": [c, 3 * c],
      "h.0.attn.c_attn.bias": [3 * c],
      "h.0.attn.c_proj.weight": [c, c],
      "h.0.attn.c_proj.bias": [c],
      "h.0.ln_2.weight": [c],
      "h.0.ln_2.bias": [c],
      "h.0.mlp.c_fc.weight": [c, 4 * c],
      "h.0.mlp.c_fc.bias": [4 * c],
      "h.0.mlp.c_proj.weight": [4 * c, c],
      "h.0.mlp.c_proj.bias": [c],
      "ln_f.weight": [c],
      "ln_f.bias": [c],
    });
    const weights = await loadWeights(dir, all, { prefixes: ["transformer."] });
    expect([...weights.keys()]).toEqual([...all.keys()]);
  });
});
