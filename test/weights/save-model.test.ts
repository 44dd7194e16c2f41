/**
 * @file Saving a model. The weights are byte for byte those of save_pretrained (make_shards.py in
 * test/golden), and transformers has loaded whole directories (check_transformers.py).
 */

import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { UsageError } from "../../src/errors.ts";
import type { TypedArray } from "../../src/tensor/dtype.ts";
import type { StorageDType } from "../../src/weights/convert.ts";
import { type NamedTensor } from "../../src/weights/files/safetensors.ts";
import { type SaveOptions } from "../../src/weights/save-model.ts";
import { INDEX, WEIGHTS } from "../../src/weights/files/file-names.ts";
import { large, load, model, SHARDS, vector } from "./saved-models.ts";
import { failure, systemError, temporaryDirectory, withoutChecksums } from "./support.ts";
import { openSafetensors, readConfig, saveModel } from "../support/on-node.ts";

interface Golden {
  readonly order: readonly string[];
  readonly saved: readonly Saved[];
}

interface Saved {
  readonly dtype: StorageDType;
  readonly largest: number;
  /** The dtype in config.json. */
  readonly config: string;
  readonly index: string | null;
  /** SHA-256 by name. */
  readonly files: Readonly<Record<string, string>>;
}

const golden: Golden = JSON.parse(
  readFileSync(new URL("../golden/shards.json", import.meta.url), "utf8"),
);

const filesOfWeights = async (dir: string): Promise<readonly string[]> =>
  (await readdir(dir)).filter((name) => name.startsWith("model")).toSorted();

describe("saveModel", () => {
  it("writes a directory that loads, and nothing else", async () => {
    const dir = join(temporaryDirectory(), "new", "model");
    await saveModel(dir, model(1));
    expect(await load(dir)).toEqual({ config: 1, weights: 1, tokenizer: "tokenizer" });
    expect((await readdir(dir)).toSorted()).toEqual([
      "config.json",
      "generation_config.json",
      "model.safetensors",
      "tokenizer.json",
    ]);
  });

  it("writes JSON with two spaces and a final newline, and files as they are", async () => {
    const dir = temporaryDirectory();
    const bytes = Uint8Array.of(0, 255, 10);
    await saveModel(dir, {
      config: { a: [1] },
      weights: [],
      files: new Map([["spiece.model", bytes]]),
    });
    expect(await readFile(join(dir, "config.json"), "utf8")).toBe('{\n  "a": [\n    1\n  ]\n}\n');
    expect(new Uint8Array(await readFile(join(dir, "spiece.model")))).toEqual(bytes);
    expect(await readdir(dir)).not.toContain("generation_config.json");
  });

  it("replaces a model and leaves foreign files alone", async () => {
    const dir = temporaryDirectory();
    await writeFile(join(dir, "README.md"), "mine");
    await saveModel(dir, model(1));
    await saveModel(dir, model(2, "other"));
    expect(await load(dir)).toEqual({ config: 2, weights: 2, tokenizer: "other" });
    expect(await readFile(join(dir, "README.md"), "utf8")).toBe("mine");
  });

  // transformers 5.23: "Field 'final_logit_softcapping' expected float, got int (value: 30)".
  it("writes whole numbers with a point in the fields that must be floats, and in no others", async () => {
    const dir = temporaryDirectory();
    const other = { final_logit_softcapping: 2 };
    const texts = ['"rms_norm_eps": 7,', '  "rms_norm_eps": 7'];
    const config = { final_logit_softcapping: 30, rms_norm_eps: 1e-6, width: 4, other, texts };
    await saveModel(dir, { config: { ...config, initializer_factor: -1 }, weights: [] });
    const text = await readFile(join(dir, "config.json"), "utf8");
    expect(text).toBe(
      `${JSON.stringify({ ...config, initializer_factor: -1 }, null, 2)}\n`
        .replace('g": 30,', 'g": 30.0,')
        .replace('r": -1', 'r": -1.0'),
    );
  });

  it.each(["../a", "a/../b", "", "config.json", "model.safetensors", INDEX, SHARDS[0]])(
    "refuses a further file named %j",
    async (name) => {
      const dir = temporaryDirectory();
      const files = new Map([[name, "x"]]);
      const error = await failure(saveModel(dir, { config: {}, weights: [], files }));
      expect(error).toBeInstanceOf(UsageError);
      expect(await readdir(dir)).toEqual([]);
    },
  );

  it("keeps the previous model, whole, if the new weights fail half-way", async () => {
    const dir = temporaryDirectory();
    await saveModel(dir, model(1));
    const before = await readdir(dir);
    const error = await failure(saveModel(dir, { ...model(2, "other"), weights: interrupted }));
    const weightsPath = join(dir, "model.safetensors");
    expect(error).toBeInstanceOf(UsageError);
    expect(error).toMatchObject({
      message: `${weightsPath}: cannot write, nothing was overwritten: the disk is full`,
    });
    expect(await load(dir)).toEqual({ config: 1, weights: 1, tokenizer: "tokenizer" });
    expect(await readdir(dir)).toEqual(before);
  });

  it("says that a directory cannot be made", async () => {
    const path = join(temporaryDirectory(), "file");
    await writeFile(path, "");
    expect(await failure(saveModel(join(path, "model"), model(1)))).toMatchObject({
      name: "UsageError",
      message: expect.stringContaining("cannot create the directory"),
    });
  });
});

/** Weights that run into a full disk after the first tensor. */
const interrupted: readonly NamedTensor[] = [
  ["w", vector(2)],
  ["x", { dtype: "float32", shape: [1], read: () => Promise.reject(systemError("ENOSPC")) }],
];

const BASE = fileURLToPath(new URL("../golden/peft_base", import.meta.url));

/** The tensors of a file, in the given order. */
async function readTensors(path: string, names: readonly string[]): Promise<NamedTensor[]> {
  const file = await openSafetensors(path);
  const tensors: NamedTensor[] = [];
  for (const name of names) tensors.push([name, await file.read(name, { widen: false })]);
  await file.close();
  return tensors;
}

describe("weights", () => {
  it.each(golden.saved)(
    "in $dtype, at most $largest bytes a file, are those of save_pretrained",
    async ({ dtype, largest, ...expected }) => {
      const dir = temporaryDirectory();
      const weights = await readTensors(join(BASE, WEIGHTS), golden.order);
      await saveModel(dir, { config: {}, weights }, { dtype, maxShardBytes: largest });

      const files = (await filesOfWeights(dir)).filter((name) => name !== INDEX);
      const hashes = files.map(
        (name) => [name, sha256(withoutChecksums(readFileSync(join(dir, name))))] as const,
      );
      expect(Object.fromEntries(hashes)).toEqual(expected.files);
      const index = join(dir, INDEX);
      expect(existsSync(index) ? readFileSync(index, "utf8") : null).toBe(expected.index);
      expect(await readConfig(dir)).toEqual({ dtype: expected.config });
    },
  );

  it.each([
    [{}, undefined, { dtype: "float32" }],
    [{}, "bfloat16", { dtype: "bfloat16" }],
    [{ dtype: "bfloat16", a: 1 }, undefined, { dtype: "float32", a: 1 }],
    [{ torch_dtype: "bfloat16" }, undefined, { dtype: "float32", torch_dtype: "float32" }],
    [{ torch_dtype: "float32" }, "float16", { dtype: "float16", torch_dtype: "float16" }],
  ] as const)("turn the types of the configuration %j with dtype %s into %j", async (...row) => {
    const [config, dtype, expected] = row;
    const dir = temporaryDirectory();
    await saveModel(dir, { config, weights: [["w", vector(1)]] }, { dtype });
    expect(await readConfig(dir)).toEqual(expected);
  });

  it("that float16 cannot hold leave the previous model as it was", async () => {
    const dir = temporaryDirectory();
    await saveModel(dir, model(1));
    const error = await failure(saveModel(dir, model(70000), { dtype: "float16" }));
    expect(error).toBeInstanceOf(UsageError);
    expect(error).toMatchObject({ message: 'tensor "w": float16 ends at 65504; got 70000' });
    expect(await load(dir)).toEqual({ config: 1, weights: 1, tokenizer: "tokenizer" });
    expect(await filesOfWeights(dir)).toEqual(["model.safetensors"]);
  });

  it("are converted one at a time, when the one before is written", async () => {
    const events: string[] = [];
    const deferred = (name: string): NamedTensor => {
      const read = async (): Promise<Float32Array> => {
        events.push(`${name} after ${(await stat(join(dir, partial(dir)))).size} bytes`);
        return new Float32Array(1000);
      };
      return [name, { dtype: "float32", shape: [1000], read }];
    };
    const dir = temporaryDirectory();
    const weights = ["a", "b", "c"].map(deferred);
    await saveModel(dir, { config: {}, weights }, { dtype: "bfloat16" });
    const header = (await stat(join(dir, "model.safetensors"))).size - 6000;
    expect(events).toEqual(
      ["a", "b", "c"].map((name, i) => `${name} after ${header + 2000 * i} bytes`),
    );
  });

  it("of earlier saves are removed, with what unfinished ones left behind", async () => {
    const dir = temporaryDirectory();
    const [one, two] = [[WEIGHTS], [...SHARDS, INDEX]];
    const others = ["my-model.safetensors", "pytorch_model.bin"];
    const left = ["model.safetensors.0123abcd.tmp", "model-00003-of-00007.safetensors"];
    for (const name of [...others, ...left]) await writeFile(join(dir, name), "");
    for (const [maxShardBytes, expected] of [
      [8, one],
      [4, two],
      [8, one],
      [2, two],
    ] as const) {
      await saveModel(dir, large(1), { maxShardBytes });
      expect(await filesOfWeights(dir)).toEqual(expected);
      expect(await load(dir)).toEqual({ config: 1, weights: 1, v: 10, tokenizer: "tokenizer" });
      expect(await readdir(dir)).toEqual(expect.arrayContaining(others));
    }
  });
});

/** What check_transformers.py found in the directories of saved_models.json. */
interface Loaded {
  readonly dtype: string;
  /** SHA-256 of the bytes of each parameter. */
  readonly parameters: Readonly<Record<string, string>>;
}

describe("directories that transformers has loaded", () => {
  const path = new URL("../golden/transformers.json", import.meta.url);
  const { loaded }: { readonly loaded: Readonly<Record<string, Loaded>> } = JSON.parse(
    readFileSync(path, "utf8"),
  );
  const OPTIONS: Readonly<Record<string, SaveOptions>> = {
    "float32 in one file": {},
    "float16 in one file": { dtype: "float16" },
    "bfloat16 in shards": { dtype: "bfloat16", maxShardBytes: 3000 },
  };
  const save = async (options: SaveOptions): Promise<string> => {
    const dir = temporaryDirectory();
    const weights = await readTensors(join(BASE, WEIGHTS), golden.order);
    await saveModel(dir, { config: await readConfig(BASE), weights }, options);
    return dir;
  };

  it("are written today as they were then", async () => {
    const packed: Record<string, Record<string, string>> = {};
    for (const [what, options] of Object.entries(OPTIONS)) {
      const dir = await save(options);
      const files = (await readdir(dir)).toSorted();
      packed[what] = Object.fromEntries(
        files.map((name) => [name, readFileSync(join(dir, name), "base64")]),
      );
    }
    const text = `${JSON.stringify(packed, null, 1)}\n`;
    await expect(text).toMatchFileSnapshot("../golden/saved_models.json");
    expect(Object.keys(loaded)).toEqual(Object.keys(OPTIONS));
  });

  it.each(Object.entries(loaded))("hold, %s, what it read", async (what, { dtype, parameters }) => {
    const dir = await save(OPTIONS[what] ?? {});
    expect(await readConfig(dir)).toMatchObject({ dtype });
    const hashes = new Map<string, string>();
    for (const name of await filesOfWeights(dir)) {
      if (name === INDEX) continue;
      const file = await openSafetensors(join(dir, name));
      await file.close();
      for (const [parameter, tensor] of await readTensors(join(dir, name), [
        ...file.tensors.keys(),
      ])) {
        expect(tensor.dtype).toBe(dtype);
        if ("data" in tensor) hashes.set(parameter, sha256(bytesOf(tensor.data)));
      }
    }
    expect(Object.fromEntries(hashes)).toEqual(parameters);
  });
});

const bytesOf = ({ buffer, byteOffset, byteLength }: TypedArray): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength);

const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

/** The temporary name of the weights that are being written. */
const partial = (dir: string): string =>
  readdirSync(dir).find((name) => name.endsWith(".tmp")) ?? "";
