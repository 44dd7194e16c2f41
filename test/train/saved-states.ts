/** @file Runs of every kind in small, saved on disks in memory, and what stands on a disk. */

import { UsageError } from "../../src/errors.ts";
import { errorCode } from "../../src/host/file-error.ts";
import { memoryHost } from "../../src/host/in-memory.ts";
import type { UnsyncedChange } from "../../src/host/memory-disk.ts";
import type { FileStore } from "../../src/host/host.ts";
import { parseConfig, type TrainOptions } from "../../src/options/config.ts";
import { sharedRuntime as runtime } from "../support/shared-runtime.ts";
import { START } from "../../src/train/output/checkpoint.ts";
import { findCheckpoint, saveCheckpoint } from "../../src/train/output/checkpoints.ts";
import { identityOf } from "../../src/train/output/identity.ts";
import { saveOutput } from "../../src/train/output/output.ts";
import { prepare } from "../../src/train/setup/prepare.ts";
import type { Run } from "../../src/train/setup/run.ts";
import { openTrainer } from "../../src/train/trainer.ts";
import { openSafetensors } from "../../src/weights/files/safetensors.ts";

const tiny: TrainOptions = {
  train: "pairs.jsonl",
  model: { n_embd: 8, n_layer: 1, n_head: 1, n_positions: 32 },
  steps: 2,
  batchSize: 2,
  rank: 2,
  translations: 0,
  samples: 0,
  schedule: "constant",
  warmupSteps: 0,
  output: "run",
};
/** Lines of data. */
export const pairs: string = Array.from({ length: 24 }, (_, i) =>
  JSON.stringify({ source: `${i} + 1 =`, target: `${i + 1}` }),
).join("\n");

export const KINDS: Readonly<Record<string, TrainOptions>> = {
  flora: { microSteps: 2 },
  "compressed moments": { optimizer: "adam", compressMoments: true },
  "eight bits": { accumulatorDtype: "int8", microSteps: 2 },
  momentum: { momentum: 0.9 },
  dense: { method: "dense", optimizer: "adamw" },
  bfloat16: { weightDtype: "bfloat16", weightUpdate: "master" },
  lora: { method: "lora", optimizer: "adam" },
  relora: { method: "relora", optimizer: "adam", mergeEvery: 1 },
};

/** What a system may have written though it was not asked to: nothing, names, content, or all. */
const KEPT: readonly ((change: UnsyncedChange) => boolean)[] = [
  () => false,
  ({ what }) => what === "name",
  ({ what }) => what === "content",
  () => true,
];

/** A disk, by the paths of its files. */
export type Disk = Readonly<Record<string, Uint8Array>>;

/** A disk before a save, and the save. */
export interface Saving {
  readonly disk: Disk;
  readonly save: (files: FileStore) => Promise<void>;
}

/** A run that takes a step before each save: the first save on an empty disk, the next beside what was saved before. */
export async function* savings(
  options: TrainOptions,
  count: number,
): AsyncGenerator<Saving, void, undefined> {
  const host = memoryHost({ files: { "pairs.jsonl": pairs } });
  const run = await prepare(parseConfig({ ...tiny, ...options }), { host, runtime });
  const trainer = await openTrainer(run);
  const identity = await identityOf(run, trainer.totalSteps);
  for (let step = 1; step <= count; step++) {
    while (!trainer.isStepFull()) await trainer.microStep();
    await trainer.update();
    const save = async (files: FileStore): Promise<void> => {
      const elsewhere: Run = { ...run, context: { ...run.context, host: { ...host, files } } };
      await saveOutput(elsewhere);
      const position = { ...START, step };
      await saveCheckpoint(files, "run", run.engine.state, { position, identity });
    };
    yield { disk: step === 1 ? {} : await contents(host.files, "run"), save };
    await save(host.files);
  }
  await run.engine.release();
}

/** All files in a folder. */
async function contents(files: FileStore, folder: string): Promise<Disk> {
  const found: Record<string, Uint8Array> = {};
  for (const { name, kind } of await files.list(folder)) {
    const path = `${folder}/${name}`;
    if (kind === "directory") {
      Object.assign(found, await contents(files, path));
      continue;
    }
    const file = await files.open(path);
    found[path] = await file.read(0, file.bytes);
    await file.close();
  }
  return found;
}

const WEIGHTS = /^(adapter_)?model\.safetensors$/;

/** The bits of the newest sound checkpoint and of the model, tensor by tensor; undefined for what is not there. */
export interface Bits {
  readonly checkpoint: string | undefined;
  readonly model: string | undefined;
}

export async function bitsOf(files: FileStore): Promise<Bits> {
  if ((await files.stat("run")) === undefined) return { checkpoint: undefined, model: undefined };
  const path = await newest(files);
  const names = (await files.list("run")).map(({ name }) => name);
  const weights = names.find((name) => WEIGHTS.test(name));
  const hasConfig = names.some((name) => /^(adapter_)?config\.json$/.test(name));
  return {
    checkpoint: path === undefined ? undefined : await tensorsOf(files, path),
    model:
      hasConfig && weights !== undefined ? await tensorsOf(files, `run/${weights}`) : undefined,
  };
}

async function newest(files: FileStore): Promise<string | undefined> {
  try {
    return (await findCheckpoint(files, "run")).path;
  } catch (error) {
    if (error instanceof UsageError) return undefined;
    throw error;
  }
}

async function tensorsOf(files: FileStore, path: string): Promise<string> {
  const file = await openSafetensors(files, path);
  try {
    const bits: string[] = [];
    for (const name of file.tensors.keys()) {
      const { data } = await file.read(name, { widen: false });
      bits.push(`${name} ${Buffer.from(data.buffer).toString("base64")}`);
    }
    return bits.join("\n");
  } finally {
    await file.close();
  }
}

/** All names and bytes of a disk as one string. */
async function keyOf(files: FileStore): Promise<string> {
  const disk = (await files.stat("run")) === undefined ? {} : await contents(files, "run");
  const parts = Object.entries(disk).map(([path, bytes]) => [
    path,
    Buffer.from(bytes).toString("latin1"),
  ]);
  return JSON.stringify(parts);
}

/** What the power going at a change of a save leaves, in four ways; the problems that are found. */
export async function powerCuts({ disk, save }: Saving): Promise<{
  readonly kills: number;
  readonly problems: readonly string[];
}> {
  const whole = memoryHost({ files: disk });
  const before = await bitsOf(whole.files);
  await save(whole.files);
  const after = await bitsOf(whole.files);
  const problems: string[] = [];
  const known = new Map<string, Bits>();
  /** Many cuts leave the same disk, which is read once. */
  const bitsLeft = async (files: FileStore): Promise<Bits> => {
    const key = await keyOf(files);
    const bits = known.get(key) ?? (await bitsOf(files));
    known.set(key, bits);
    return bits;
  };
  for (let cut = 1; cut <= whole.changes(); cut++) {
    const host = memoryHost({ files: disk, powerCutAt: cut });
    const error = await save(host.files).catch((thrown: unknown) => thrown);
    if (errorCode(error) !== "EIO") problems.push(`${cut}: ${String(error)}`);
    for (const isKept of KEPT) {
      const { checkpoint, model } = await bitsLeft(host.crash(isKept).files);
      if (![before.checkpoint, after.checkpoint].includes(checkpoint)) {
        problems.push(`${cut}: a mixed checkpoint`);
      }
      if (![before.model, after.model, undefined].includes(model)) {
        problems.push(`${cut}: a mixed model`);
      }
    }
  }
  return { kills: whole.changes() * KEPT.length, problems };
}
