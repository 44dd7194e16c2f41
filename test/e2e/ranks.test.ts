/**
 * Runs of several ranks, which the mpirun of Open MPI or of MPICH starts, beside runs of one process. Skipped where there is none. Starting
 * processes takes most of the time: all runs of 3 ranks are those of one start, then those of 2, and of 4.
 */

import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import type { TrainOptions } from "../../src/options/config.ts";
import {
  alone,
  byRanks,
  distance,
  ended,
  FLORA,
  flora,
  folder,
  hasMpi,
  type Job,
  losses,
  type Told,
} from "./ranks-support.ts";
import { weightsOf } from "./support.ts";

const text = join(folder, "text.txt");
writeFileSync(
  text,
  Array.from({ length: 4000 }, (_, i) => "the quick brown fox jumps".split(" ")[(i * i) % 5]).join(
    " ",
  ),
);

/** Of questions, each with an answer, and with another that is not the right one: fewer than a run sees. */
const pairs = join(folder, "pairs.jsonl");
writeFileSync(
  pairs,
  Array.from({ length: 60 }, (_, i) => ({
    prompt: `what is ${i} and ${i % 7}?`,
    completion: "it is ".repeat(1 + (i % 5)),
    chosen: "it is ".repeat(1 + (i % 5)),
    rejected: `no ${i}`,
  }))
    .map((row) => JSON.stringify(row))
    .join("\n"),
);

const modelOf = (length: number) => ({ n_embd: 32, n_layer: 2, n_head: 2, n_positions: length });

const COMMON: TrainOptions = {
  train: [text],
  contextLength: 32,
  model: modelOf(32),
  batchSize: 2,
  evaluationBatches: 3,
  evaluateEvery: 4,
  keep: "last",
  translations: 0,
  threads: 1,
};
const SGD: TrainOptions = { optimizer: "sgd", learningRate: 0.1 };
const ALIKE: TrainOptions = { schedule: "constant", warmupSteps: 0 };

/** A run by so many ranks, its name and its options, beside one process. */
type Case = readonly [ranks: number, name: string, options: TrainOptions];

const SAME_WEIGHTS: readonly Case[] = [
  [2, "flora, clipped", { method: "flora", rank: 4, maxGradNorm: 0.5 }],
  [4, "dense", { method: "dense" }],
  [
    3,
    "lora with dropout",
    { method: "lora", rank: 4, model: { ...modelOf(32), resid_pdrop: 0.1 } },
  ],
];

// A rule that divides by its gradients makes rounding of those that are nearly zero visible in weights, and not in losses.
const SAME_LOSSES: readonly Case[] = [
  [3, "flora with momentum", { momentum: 0.5, rank: 8, resampleEvery: 4 }],
  [2, "dense adamw", { method: "dense", optimizer: "adamw" }],
  [2, "galore", { method: "galore", rank: 4, optimizer: "adam", resampleEvery: 3 }],
  [2, "fira", { method: "fira", rank: 4, optimizer: "adam", resampleEvery: 3 }],
  [2, "muon in subspaces", { optimizer: "muon", rank: 8, resampleEvery: 3 }],
];

const BESIDE_ONE: readonly Case[] = [
  ...SAME_WEIGHTS.map(([ranks, name, own]): Case => [ranks, name, { ...SGD, steps: 5, ...own }]),
  ...SAME_LOSSES.map(([ranks, name, own]): Case => [ranks, name, { steps: 6, ...own }]),
];

/** Data of which three ranks read shares for half of the steps, and then two. */
const SHARED: Readonly<Record<string, TrainOptions & { readonly steps: number }>> = {
  pairs: { steps: 8, model: modelOf(64) },
  "what is streamed": { steps: 8, model: modelOf(64), stream: 20, validation: [pairs] },
  preferences: { steps: 4, task: "preference", model: join(folder, "one pairs"), method: "dense" },
};
const sharedJobs = (microSteps: number) =>
  Object.entries(SHARED).map(([name, own]) => {
    const sizes = { train: [pairs], contextLength: 64, rank: 4, microSteps };
    return { name, ...COMMON, ...SGD, ...ALIKE, ...sizes, ...own };
  });

/** Steps of a rank by itself, with meetings. */
const MEETINGS: Readonly<Record<string, TrainOptions>> = {
  flora: { rank: 4, momentum: 0.5, resampleEvery: 3 },
  dense: { method: "dense", optimizer: "adamw", exchangeDtype: "int8" },
  lora: { method: "lora", rank: 4, maxGradNorm: 0.5 },
};
const meetings = (steps: number, when: string): readonly Job[] =>
  Object.entries(MEETINGS).map(([name, own]) => {
    const rhythm = { ...ALIKE, microSteps: 2, syncEvery: 2, steps };
    return { name: `${when} ${name}`, ...COMMON, ...rhythm, ...own };
  });
const goneOn = (name: string, steps: number): Job => ({ name, resume: true, steps });

const EXCHANGED: TrainOptions = { ...COMMON, ...SGD, steps: 5, rank: 4, microSteps: 2 };
const DTYPES = ["bfloat16", "int8"] as const;

const EARLY: TrainOptions = {
  ...COMMON,
  rank: 4,
  steps: 40,
  patience: 1,
  learningRate: 0.5,
  keep: "best",
};

/** What is done twice: with sums begun while the backward pass goes on, and without. */
const TWICE: readonly Case[] = [
  [2, "flora", { method: "flora", rank: 64, compressEmbeddings: true, microSteps: 2 }],
  [3, "dense, accumulated and clipped", { method: "dense", microSteps: 6, maxGradNorm: 0.5 }],
  [2, "lora", { method: "lora", rank: 4, microSteps: 2, modulesToSave: [] }],
  [2, "bfloat16", { method: "dense", microSteps: 2, exchangeDtype: "bfloat16" }],
];
const twice = (size: number): readonly Job[] =>
  TWICE.flatMap(([ranks, name, own]) => {
    // A stage has more than a megabyte.
    const model = { n_embd: 192, n_layer: 2, n_head: 2, n_positions: 32 };
    const sizes: TrainOptions = { train: [text], contextLength: 32, batchSize: 2, threads: 1 };
    return ranks === size ? [{ name: `twice ${name}`, ...sizes, steps: 3, model, ...own }] : [];
  });

const besideOne = (size: number): readonly Job[] =>
  BESIDE_ONE.flatMap(([ranks, name, own]) =>
    ranks === size ? [{ name: `all ${name}`, ...COMMON, microSteps: 2, ...own }] : [],
  );

const byThree: readonly Job[] = [
  ...sharedJobs(2).map((job) => ({ ...job, steps: job.steps / 2 })),
  { name: "first", ...EARLY },
  { name: "second", ...EARLY },
  ...DTYPES.map((exchangeDtype) => ({ name: exchangeDtype, ...EXCHANGED, exchangeDtype })),
  { name: "int8 again", ...EXCHANGED, exchangeDtype: "int8" },
  { name: "exact", ...EXCHANGED },
  ...besideOne(3),
];
const byTwo: readonly Job[] = [
  ...Object.entries(SHARED).map(([name, { steps }]) => goneOn(name, steps)),
  ...meetings(8, "met"),
  ...meetings(4, "left"),
  ...Object.keys(MEETINGS).map((name) => goneOn(`left ${name}`, 8)),
  ...besideOne(2),
];
const byFour: readonly Job[] = [goneOn("left flora", 10), ...besideOne(4)];

/** The largest difference of two lists of losses, relative to the loss. */
const apart = (all: readonly number[], one: readonly number[]): number => {
  expect(all.length).toBe(one.length);
  return Math.max(...all.map((loss, i) => Math.abs(loss / (one[i] ?? Number.NaN) - 1)));
};

const saved = (name: string): Promise<Float32Array> => weightsOf(join(folder, name));

describe.skipIf(!hasMpi)("ranks that mpirun starts", () => {
  /** What ranks say of what they did twice, by their number. */
  const bits = new Map<number, readonly Told[]>();
  /** The weights of runs that were left, after two ranks went on with them, and before four did. */
  const left = new Map<string, Float32Array>();

  beforeAll(async () => {
    // Compiles what was not.
    await ended(process.execPath, [FLORA, "--version"]);
    // Preferences begin from the first.
    for (const job of sharedJobs(6)) await alone({ ...job, name: `one ${job.name}` });
    for (const [ranks, name, own] of BESIDE_ONE) {
      await alone({ name: `one ${name}`, ...COMMON, microSteps: 2 * ranks, ...own });
    }
    bits.set(3, await byRanks(3, { jobs: byThree, twice: twice(3) }));
    bits.set(2, await byRanks(2, { jobs: byTwo, twice: twice(2) }));
    for (const name of Object.keys(MEETINGS)) left.set(name, await saved(`left ${name}`));
    await byRanks(4, { jobs: byFour });
  }, 600_000);

  it.each(SAME_WEIGHTS)("%i of %s have the weights of one process", async (_, name) => {
    expect(distance(await saved(`all ${name}`), await saved(`one ${name}`))).toBeLessThan(1e-6);
  });

  it.each([...SAME_WEIGHTS, ...SAME_LOSSES])(
    "%i of %s have the losses of one process",
    (_, name) => {
      expect(apart(losses(`all ${name}`), losses(`one ${name}`))).toBeLessThan(1e-6);
    },
  );

  it.each(Object.keys(SHARED))(
    "have the examples of one process where each reads a share of %s, and go on with another number",
    async (name) => {
      expect(distance(await saved(name), await saved(`one ${name}`))).toBeLessThan(1e-6);
    },
  );

  it.each(TWICE)(
    "%i of %s have the same bits where sums wait for the end of the step",
    (ranks, name) => {
      const told = (bits.get(ranks) ?? []).flatMap((own) => own[`twice ${name}`] ?? []);
      expect(told.length).toBe(ranks);
      for (const { sumsBefore, sumsAtEnd, overlapped, atEnd } of told) {
        expect(overlapped).toEqual(atEnd);
        expect(overlapped).toEqual(told[0]?.overlapped);
        expect(sumsAtEnd).toBe(0);
        if (!name.startsWith("lora")) expect(sumsBefore).toBeGreaterThan(0);
      }
    },
  );

  it("repeat bit for bit, and are ended early by what they share", async () => {
    expect(await saved("first")).toEqual(await saved("second"));
    expect(losses("first")).toEqual(losses("second"));
    const log = readFileSync(join(folder, "first", "log.jsonl"), "utf8");
    expect(log).toMatch(/"reason":"(no better|diverged)"/);
  });

  it.each(DTYPES)("exchange %s", async (dtype) => {
    const [rounded, exact] = [await saved(dtype), await saved("exact")];
    expect(rounded).not.toEqual(exact);
    expect(distance(rounded, exact)).toBeLessThan(1e-3);
  });

  it("round at random to the same bits", async () => {
    expect(await saved("int8")).toEqual(await saved("int8 again"));
  });

  it.each(Object.keys(MEETINGS))(
    "step by themselves, and go on from a meeting to the same bits: %s",
    async (name) => {
      expect(left.get(name)).toEqual(await saved(`met ${name}`));
    },
  );

  it("go on from a meeting with another number", () => {
    const [first = 0, ...others] = losses("left flora");
    expect(others.length).toBeGreaterThan(10);
    expect(others.at(-1)).toBeLessThan(first);
  });

  it("go on with another number of ranks after one was killed, to the same state", async () => {
    const given = { ...SGD, rank: 4, momentum: 0.5, resampleEvery: 4, steps: 16 };
    await alone({ name: "whole", ...COMMON, ...given, microSteps: 6 });
    const file = join(folder, "killed.json");
    writeFileSync(file, JSON.stringify({ ...COMMON, ...given, microSteps: 2, saveEvery: 2 }));
    const run = flora(3, file, "killed");
    const log = join(folder, "killed", "log.jsonl");
    const isSaved = () =>
      existsSync(log) && readFileSync(log, "utf8").includes('"what":"checkpoint"');
    await expect.poll(isSaved, { timeout: 30_000 }).toBe(true);
    // One of the ranks, not mpirun.
    spawnSync("pkill", ["-KILL", "-n", "-f", join(folder, "killed")]);
    const before = performance.now();
    const { code } = await run;
    expect(code).not.toBe(0);
    expect(performance.now() - before).toBeLessThan(10_000);
    expect(await flora(2, "--resume", "killed")).toMatchObject({ code: 0 });
    expect(distance(await saved("killed"), await saved("whole"))).toBeLessThan(1e-6);
    expect(apart(losses("killed").slice(-8), losses("whole").slice(-8))).toBeLessThan(1e-6);
  });

  it("are refused where they were given other things", async () => {
    const script = join(folder, "differ.sh");
    const output = join(folder, "refused");
    writeFileSync(
      script,
      `#!/bin/sh\nif [ "\${OMPI_COMM_WORLD_RANK:-$PMI_RANK}" = 1 ]; then data=${pairs}; else data=${text}; fi\nexec ${process.execPath} ${FLORA} train --train $data --threads 1 --steps 2 --output ${output}\n`,
      { mode: 0o755 },
    );
    const { code, text: said } = await ended("mpirun", ["-n", "2", script]);
    expect(said).toContain("ranks: all must have the same options; got others on rank 1");
    expect(code).not.toBe(0);
    expect(existsSync(join(output, "model.safetensors"))).toBe(false);
  });
});
