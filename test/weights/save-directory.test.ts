/**
 * @file Being stopped while saving: every change to the directory (a file opened for writing,
 * renamed or removed) is counted, and from the k-th on they all fail, clean-up included, as if the
 * process had been killed.
 */

import { existsSync } from "node:fs";
import type * as fs from "node:fs/promises";
import { readdir } from "node:fs/promises";
import { isDeepStrictEqual } from "node:util";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { UsageError } from "../../src/errors.ts";
import { type ModelFiles, saveModel } from "../../src/weights/save-model.ts";
import { large, load, model, vector } from "./saved-models.ts";
import { failure, temporaryDirectory } from "./support.ts";

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

interface Transition {
  readonly what: string;
  readonly after: ModelFiles;
  /** Bytes a file may have before and after. */
  readonly limits: readonly [number, number];
}

/** The weights always differ; the rest of the model or only they. */
const transitions: readonly Transition[] = (
  [
    ["one file to shards", [8, 4]],
    ["shards to one file", [4, 8]],
    ["shards to shards", [4, 4]],
  ] as const
).flatMap(([what, limits]) => {
  const { weights } = large(2);
  return [
    { what, after: large(2, "other"), limits },
    { what: `${what}, all else equal`, after: { ...large(1), weights }, limits },
  ];
});

/** Saves `next` over `before`, killed before its k-th change, for every k. */
async function states(
  before: ModelFiles,
  next: ModelFiles,
  [limitBefore, limit]: Transition["limits"] = [8, 8],
): Promise<readonly unknown[]> {
  const seen: unknown[] = [];
  for (let k = 0; ; k++) {
    const dir = temporaryDirectory();
    await saveModel(dir, before, { maxShardBytes: limitBefore });
    disk.changesLeft = k;
    const stopped = await saveModel(dir, next, { maxShardBytes: limit }).then(
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
    const seen = await states(model(1), model(2, "other"));
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
    const seen = await states(model(1), { ...model(1, "other"), weights: [["w", vector(2)]] });
    const loaded = seen.filter((state) => !(state instanceof UsageError));
    const next = { config: 1, weights: 2, tokenizer: "other" };
    expect(loaded).toEqual([old, old, old, old, next]);
  });

  it("leaves the old model or the new one if only the weights differ", async () => {
    const seen = await states(model(1), { ...model(1), weights: [["w", vector(2)]] });
    // Staged, renamed.
    expect(seen).toEqual([old, old, { ...old, weights: 2 }]);
  });

  it.each(transitions)("leaves no mixture from $what", async ({ after, limits }) => {
    const { config, files } = after;
    const seen = await states(large(1), after, limits);
    const before = { config: 1, weights: 1, v: 10, tokenizer: "tokenizer" };
    const next = {
      config: config["value"],
      weights: 2,
      v: 20,
      tokenizer: files?.get("tokenizer.json"),
    };
    const phases = seen.map((state) => {
      if (isDeepStrictEqual(state, before)) return "old";
      if (isDeepStrictEqual(state, next)) return "new";
      expect(state).toBeInstanceOf(UsageError);
      expect(state).toMatchObject({ message: expect.stringContaining("config.json: cannot read") });
      return "none";
    });
    const order = phases.filter((phase, k) => phase !== phases[k - 1]);
    // A single file takes the place of shards in one rename, if nothing else changes.
    const isOneRename = limits[1] === 8 && config["value"] === 1;
    expect(order).toEqual(isOneRename ? ["old", "new"] : ["old", "none", "new"]);
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
