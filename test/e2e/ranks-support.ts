/** @file Runs by several ranks: some one after another in processes that mpirun starts once, others by the command line. */

import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, expect } from "vitest";
import { runContext } from "../../src/cli/inputs/run-context.ts";
import { parseConfig, type TrainOptions } from "../../src/options/config.ts";
import { logged } from "../../src/runs/logged.ts";
import { trainEvents } from "../../src/train/events.ts";
import { sharedRuntime } from "../support/shared-runtime.ts";

export const FLORA: string = resolve("bin/flora.js");
const launcher = spawnSync("mpirun", ["--version"], { encoding: "utf8" });
export const hasMpi: boolean = /Open MPI|HYDRA/.test(launcher.stdout ?? "");
/** The ranks of a test may be more than the cores, and root's. */
export const ENVIRONMENT: NodeJS.ProcessEnv = {
  ...process.env,
  OMPI_ALLOW_RUN_AS_ROOT: "1",
  OMPI_ALLOW_RUN_AS_ROOT_CONFIRM: "1",
  OMPI_MCA_rmaps_base_oversubscribe: "1",
};

export const folder: string = mkdtempSync(join(tmpdir(), "flora-ranks-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What a run is called, which is that of its output, and its options. */
export type Job = TrainOptions & { readonly name: string };

/**
 * Trains each job of a file, and then those of another twice: with sums begun while the backward pass goes on, and without. Of these each
 * rank writes checksums of its weights, and losses. Programs are compiled once.
 */
const PROGRAM = `
  import { readFileSync, writeFileSync } from "node:fs";
  const [dist, file] = process.argv.slice(1);
  const load = (path) => import(new URL(path, dist));
  const { joinRanks } = await load("cli/inputs/ranks.js");
  const { runContext } = await load("cli/inputs/run-context.js");
  const { withEarlierRun } = await load("cli/inputs/earlier-run.js");
  const { crc32 } = await load("host/crc32.js");
  const { parseConfig } = await load("options/config.js");
  const { logged } = await load("runs/logged.js");
  const { trainEvents } = await load("train/events.js");
  const { prepare } = await load("train/setup/prepare.js");
  const { openTrainer } = await load("train/trainer.js");
  const ranks = await joinRanks();
  const loaded = new Map();
  let sums = 0;
  const counted = { ...ranks, sum: (...all) => (sums++, ranks.sum(...all)) };

  const { runtime, ...context } = await runContext({ device: "cpu", threads: 1 }, counted);
  const cached = { ...runtime, async load(program, options = {}) {
    const key = [options.arena ?? true, Buffer.from(program.bytes).toString("latin1")].join();
    if (!loaded.has(key)) loaded.set(key, await runtime.load(program, options));
    return { ...loaded.get(key), release: async () => undefined };
  } };

  async function train({ name, ...given }) {
    const config = parseConfig(await withEarlierRun(given));
    const events = trainEvents(config, { ...context, runtime: cached });
    for await (const _ of ranks.rank === 0 ? logged(context.host, events) : events);
  }

  async function steps({ name, ...given }, isOverlapped) {
    const config = parseConfig(given);
    const run = await prepare(config, { ...context, runtime: cached });
    const { engine } = run;
    const microStep = (batch, index, place) =>
      engine.microStep(batch, index, isOverlapped ? place : undefined);
    const trainer = await openTrainer({ ...run, engine: { ...engine, microStep } });
    const losses = [];
    let during = 0;
    while (losses.length < config.steps) {
      sums = 0;
      while (!trainer.isStepFull()) await trainer.microStep();
      during += sums;
      losses.push((await trainer.update()).loss);
    }
    const weights = await Promise.all([...engine.state.weights.values()].map((each) => each.read()));
    const bytes = weights.map((each) => crc32(new Uint8Array(each.buffer, each.byteOffset, each.byteLength)));
    return { result: [...losses, ...bytes], during };
  }

  const { jobs, twice } = JSON.parse(readFileSync(file, "utf8"));
  const bits = {};
  let name;
  try {
    for (const job of jobs) {
      name = job.name;
      await train(job);
    };
    for (const job of twice) {
      name = job.name;
      const [during, atEnd] = [await steps(job, true), await steps(job, false)];
      bits[name] = [{
        overlapped: during.result,
        atEnd: atEnd.result,
        sumsBefore: during.during,
        sumsAtEnd: atEnd.during,
      }];
    }
  } catch (error) {
    process.stderr.write("rank " + ranks.rank + ", " + name + ": " + error.stack + "\\n");
    process.exit(1);
  }
  writeFileSync(file + "." + ranks.rank, JSON.stringify(bits));
  ranks.leave();
`;

/** What a rank says of jobs that it did twice, by name, in a list; sums are counted before the end of a step. */
export type Told = Readonly<Record<string, readonly Bits[]>>;
interface Bits {
  readonly overlapped: readonly number[];
  readonly atEnd: readonly number[];
  readonly sumsBefore: number;
  readonly sumsAtEnd: number;
}

const placed = ({ name, ...options }: Job) => ({ name, output: join(folder, name), ...options });

/** Trains jobs one after another by so many ranks; what each says of those that it does twice. */
export async function byRanks(
  size: number,
  { jobs, twice = [] }: { readonly jobs: readonly Job[]; readonly twice?: readonly Job[] },
): Promise<readonly Told[]> {
  const file = join(folder, `jobs-${size}.json`);
  writeFileSync(file, JSON.stringify({ jobs: jobs.map(placed), twice: twice.map(placed) }));
  const node = ["--input-type=module", "-e", PROGRAM, pathToFileURL("dist/").href, file];
  const { code, text } = await ended("mpirun", ["-n", String(size), process.execPath, ...node]);
  expect([code, text]).toEqual([0, ""]);
  return Array.from({ length: size }, (_, rank) =>
    JSON.parse(readFileSync(`${file}.${rank}`, "utf8")),
  );
}

/** Trains a job in this process. */
export async function alone(job: Job): Promise<void> {
  const { name: _name, ...options } = placed(job);
  const config = parseConfig(options);
  const { host } = await runContext(config);
  const events = trainEvents(config, { host, runtime: sharedRuntime });
  for await (const _event of logged(host, events));
}

export interface Ended {
  readonly code: number | null;
  readonly text: string;
}

/** What a program says, and how it ends. */
export async function ended(program: string, words: readonly string[]): Promise<Ended> {
  const run = spawn(program, words, { env: ENVIRONMENT });
  let text = "";
  run.stdout.on("data", (part) => (text += String(part)));
  run.stderr.on("data", (part) => (text += String(part)));
  return new Promise<Ended>((done) => run.on("close", (code) => done({ code, text })));
}

/** Trains by the command line, with so many ranks. */
export const flora = (ranks: number, options: string, name: string): Promise<Ended> => {
  const words = [FLORA, "train", ...options.split(" "), "--output", join(folder, name)];
  return ended("mpirun", ["-n", String(ranks), process.execPath, ...words]);
};

/** The losses of a run, in training and held out. */
export const losses = (name: string): readonly number[] =>
  readFileSync(join(folder, name, "log.jsonl"), "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line))
    .flatMap(({ type, loss }) => (type === "step" || type === "evaluation" ? [loss] : []));

/** ‖a - b‖ / ‖b‖ */
export const distance = (a: Float32Array, b: Float32Array): number =>
  Math.hypot(...a.map((x, i) => x - (b[i] ?? Number.NaN))) / Math.hypot(...b);
