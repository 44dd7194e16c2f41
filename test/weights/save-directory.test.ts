/**
 * @file Power cuts while saving: at the k-th change of the disk, for every k, with every kind of change that may or may not have been
 * written until then.
 */

import { isDeepStrictEqual } from "node:util";
import { describe, expect, it } from "vitest";
import { UsageError } from "../../src/errors.ts";
import { type MemoryHost, memoryHost, type MemoryHostOptions } from "../../src/host/in-memory.ts";
import { type ModelFiles, saveModel } from "../../src/weights/save-model.ts";
import { large, loadFrom, model, vector } from "./saved-models.ts";
import { failure } from "./support.ts";

const DIR = "models/m";

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

/** What a disk may have written of what was not synced: nothing, one kind, all, and others at random. */
const KEPT: readonly Parameters<MemoryHost["crash"]>[0][] = [
  () => false,
  ({ what }) => what === "name",
  ({ what }) => what === "content",
  () => true,
  ...Array.from({ length: 8 }, (_, seed) => {
    let state = seed + 1;
    return () => (state = (state * 1103515245 + 12345) % 2 ** 31) / 2 ** 31 < 0.5;
  }),
];

/** A disk with a model on it. */
async function diskWith(
  before: ModelFiles,
  options: MemoryHostOptions,
  maxShardBytes = 8,
): Promise<MemoryHost> {
  const host = memoryHost(options);
  await saveModel(host.files, DIR, before, { maxShardBytes });
  return host;
}

/** Saves `next` over `before`, with a power cut at its k-th change, for every k; what is there then, whatever was written. */
async function states(
  before: ModelFiles,
  next: ModelFiles,
  [limitBefore, limit]: Transition["limits"] = [8, 8],
): Promise<readonly (readonly unknown[])[]> {
  const made = (await diskWith(before, {}, limitBefore)).changes();
  const seen: unknown[][] = [];
  for (let powerCutAt = made + 1; ; powerCutAt++) {
    const host = await diskWith(before, { powerCutAt }, limitBefore);
    const stopped = await saveModel(host.files, DIR, next, { maxShardBytes: limit }).then(
      () => false,
      () => true,
    );
    const after = KEPT.map((isKept) =>
      loadFrom(host.crash(isKept).files, DIR).catch((error: unknown) => error),
    );
    seen.push(await Promise.all(after));
    if (!stopped) return seen;
  }
}

/** The phase of a state: the old model, none, or the new one; anything else fails. */
function phaseOf(state: unknown, before: unknown, next: unknown): "old" | "none" | "new" {
  if (isDeepStrictEqual(state, before)) return "old";
  if (isDeepStrictEqual(state, next)) return "new";
  expect(state).toBeInstanceOf(UsageError);
  expect(state).toMatchObject({ message: expect.stringContaining("config.json: cannot read") });
  return "none";
}

/** The phases that occur, those of a power cut after the last change apart. */
function phasesOf(seen: readonly (readonly unknown[])[], before: unknown, next: unknown) {
  const phases = seen.map((each) => each.map((state) => phaseOf(state, before, next)));
  return { during: new Set(phases.slice(0, -1).flat()), after: new Set(phases.at(-1)) };
}

describe("a power cut during a save", () => {
  const old = { config: 1, weights: 1, tokenizer: "tokenizer" };
  const all = { during: new Set(["old", "none", "new"]), after: new Set(["new"]) };
  const oneRename = { during: new Set(["old", "new"]), after: new Set(["new"]) };

  it("leaves the old model, no model, or the new one: never a mixture", async () => {
    const seen = await states(model(1), model(2, "other"));
    const next = { config: 2, weights: 2, tokenizer: "other" };
    expect(phasesOf(seen, old, next)).toEqual(all);
  });

  it("leaves no mixture either if the config stays and the tokenizer changes", async () => {
    const seen = await states(model(1), { ...model(1, "other"), weights: [["w", vector(2)]] });
    const next = { config: 1, weights: 2, tokenizer: "other" };
    expect(phasesOf(seen, old, next)).toEqual(all);
  });

  it("leaves the old model or the new one if only the weights differ", async () => {
    const seen = await states(model(1), { ...model(1), weights: [["w", vector(2)]] });
    expect(phasesOf(seen, old, { ...old, weights: 2 })).toEqual(oneRename);
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
    // A single file takes the place of shards in one rename, if nothing else changes.
    const isOneRename = limits[1] === 8 && config["value"] === 1;
    expect(phasesOf(seen, before, next)).toEqual(isOneRename ? oneRename : all);
  });

  it("leaves a new directory without a config until all is there", async () => {
    const whole = await diskWith(model(1), {});
    for (let powerCutAt = 1; powerCutAt <= whole.changes(); powerCutAt++) {
      const host = memoryHost({ powerCutAt });
      expect(await failure(saveModel(host.files, DIR, model(1)))).toMatchObject({ code: "EIO" });
      for (const isKept of KEPT) {
        const state = await loadFrom(host.crash(isKept).files, DIR).catch(
          (error: unknown) => error,
        );
        phaseOf(state, undefined, old);
      }
    }
    expect(await loadFrom(whole.crash().files, DIR)).toEqual(old);
  });
});
