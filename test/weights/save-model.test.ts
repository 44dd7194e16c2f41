/**
 * @file Saving a model, and being stopped while saving: every change to the directory (a file opened
 * for writing, renamed or removed) is counted, and from the k-th on they all fail, clean-up
 * included, as if the process had been killed.
 */

import { existsSync } from "node:fs";
import type * as fs from "node:fs/promises";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { UsageError } from "../../src/errors.ts";
import { float32, type HostTensor } from "../../src/tensor/host-tensor.ts";
import { loadWeights, readConfig } from "../../src/weights/directory.ts";
import { type ModelFiles, saveModel } from "../../src/weights/save-model.ts";
import { failure, systemError, temporaryDirectory } from "./support.ts";

const disk = vi.hoisted(() => ({
  changesLeft: Infinity,
  stopped: new Error("stopped"),
  change(): void {
    if (this.changesLeft <= 0) throw this.stopped;
    this.changesLeft--;
  },
}));

vi.mock("node:fs/promises", async (original) => {
  const real = await original<typeof fs>();
  return {
    ...real,
    open: async (...args: Parameters<typeof fs.open>) => {
      if (args[1] !== "r") disk.change();
      return real.open(...args);
    },
    rename: async (...args: Parameters<typeof fs.rename>) => {
      disk.change();
      return real.rename(...args);
    },
    rm: async (...args: Parameters<typeof fs.rm>) => {
      if (existsSync(args[0])) disk.change();
      return real.rm(...args);
    },
  };
});

beforeEach(() => {
  disk.changesLeft = Infinity;
});

const vector = (value: number): HostTensor => float32([1], Float32Array.of(value));

const model = (value: number, tokenizer = "tokenizer"): ModelFiles => ({
  config: { model_type: "test", value },
  generationConfig: { eos_token_id: 0 },
  weights: [["w", vector(value)]],
  files: new Map([["tokenizer.json", tokenizer]]),
});

/** What a directory holds: the numbers in its config, weights and tokenizer, or why it is refused. */
async function load(dir: string): Promise<unknown> {
  const { value } = await readConfig(dir);
  const weights = await loadWeights(dir, new Map([["w", [1]]]));
  const tokenizer = await readFile(join(dir, "tokenizer.json"), "utf8");
  return { config: value, weights: weights.get("w")?.data[0], tokenizer };
}

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

  it.each(["../a", "a/b", "", "config.json", "model.safetensors", "model.safetensors.index.json"])(
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
    const error = await failure(saveModel(dir, { ...model(2, "other"), weights: interrupted() }));
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
function* interrupted(): Generator<readonly [string, HostTensor]> {
  yield ["w", vector(2)];
  throw systemError("ENOSPC");
}

/** Saves `next` over the model 1, killed before its k-th change, for every k. */
async function states(next: ModelFiles): Promise<readonly unknown[]> {
  const seen: unknown[] = [];
  for (let k = 0; ; k++) {
    const dir = temporaryDirectory();
    await saveModel(dir, model(1));
    disk.changesLeft = k;
    const stopped = await saveModel(dir, next).then(
      () => false,
      () => true,
    );
    disk.changesLeft = Infinity;
    seen.push(await load(dir).catch((error: unknown) => error));
    if (!stopped) return seen;
  }
}

describe("a save that is killed", () => {
  const old = { config: 1, weights: 1, tokenizer: "tokenizer" };

  it("leaves the old model, no model, or the new one: never a mixture", async () => {
    const seen = await states(model(2, "other"));
    const refused = expect.objectContaining({
      name: "UsageError",
      message: expect.stringContaining("config.json: cannot read"),
    });
    // Three files are staged, then config.json goes, then the three are renamed.
    expect(seen).toEqual([
      old,
      old,
      old,
      old,
      refused,
      refused,
      refused,
      { config: 2, weights: 2, tokenizer: "other" },
    ]);
  });

  it("leaves no mixture either if the config stays and the tokenizer changes", async () => {
    const seen = await states({ ...model(1, "other"), weights: [["w", vector(2)]] });
    const loaded = seen.filter((state) => !(state instanceof UsageError));
    const next = { config: 1, weights: 2, tokenizer: "other" };
    expect(loaded).toEqual([old, old, old, old, next]);
  });

  it("leaves the old model or the new one if only the weights differ", async () => {
    const seen = await states({ ...model(1), weights: [["w", vector(2)]] });
    // Staged, renamed.
    expect(seen).toEqual([old, old, { ...old, weights: 2 }]);
  });

  it("leaves a new directory without a config until all is there", async () => {
    const dir = temporaryDirectory();
    // All but the last of four files staged and four renamed.
    disk.changesLeft = 7;
    expect(await failure(saveModel(dir, model(1)))).toBe(disk.stopped);
    expect(await readdir(dir)).toContain("model.safetensors");
    expect(await readdir(dir)).not.toContain("config.json");
  });
});
