/**
 * @file The power goes at any change of the disk while a run is saved: what is left is the state before, or the one that was being saved,
 * whole; and a model that is one of these two, or none that loads. `npm run test:reliability` kills whole runs.
 */

import { describe, expect, it } from "vitest";
import { errorCode } from "../../src/host/file-error.ts";
import { memoryHost } from "../../src/host/in-memory.ts";
import type { FileStore } from "../../src/host/host.ts";
import { parseConfig, type TrainOptions } from "../../src/options/config.ts";
import { cpuRuntime } from "../../src/runtime/node.ts";
import { prepare } from "../../src/train/setup/prepare.ts";
import type { Run } from "../../src/train/setup/run.ts";
import { saveCheckpoint, findCheckpoint } from "../../src/train/output/checkpoints.ts";
import { START } from "../../src/train/output/checkpoint.ts";
import { identityOf } from "../../src/train/output/identity.ts";
import { saveOutput } from "../../src/train/output/output.ts";
import { openTrainer } from "../../src/train/trainer.ts";
import { openSafetensors } from "../../src/weights/safetensors.ts";

const runtime = cpuRuntime({ threads: 1 });
const tiny: TrainOptions = {
  train: "pairs.jsonl",
  model: { n_embd: 8, n_layer: 1, n_head: 1, n_positions: 32 },
  steps: 2,
  batchSize: 2,
  rank: 2,
  translations: 0,
  output: "run",
};
const pairs = Array.from({ length: 24 }, (_, i) =>
  JSON.stringify({ source: `${i} + 1 =`, target: `${i + 1}` }),
).join("\n");

const KINDS: Readonly<Record<string, TrainOptions>> = {
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
const KEPT = [
  () => false,
  ({ what }: { readonly what: string }) => what === "name",
  ({ what }: { readonly what: string }) => what === "content",
  () => true,
];

/** The run, and what it is to save after each of two steps. */
async function twoStates(options: TrainOptions): Promise<{
  readonly disk: Readonly<Record<string, Uint8Array>>;
  readonly save: (files: FileStore) => Promise<void>;
}> {
  const host = memoryHost({ files: { "pairs.jsonl": pairs } });
  const run = await prepare(parseConfig({ ...tiny, ...options }), { host, runtime });
  const trainer = await openTrainer(run);
  const identity = await identityOf(run, trainer.totalSteps);
  const saveIn = async (files: FileStore, step: number): Promise<void> => {
    const elsewhere: Run = { ...run, context: { ...run.context, host: { ...host, files } } };
    await saveOutput(elsewhere);
    const position = { ...START, step };
    await saveCheckpoint(files, "run", run.engine.state, { position, identity });
  };
  const step = async () => {
    while (!trainer.isStepFull()) await trainer.microStep();
    await trainer.update();
  };
  await step();
  await saveIn(host.files, 1);
  const disk = await contents(host.files, "run");
  await step();
  return { disk, save: (files) => saveIn(files, 2) };
}

async function contents(files: FileStore, folder: string): Promise<Record<string, Uint8Array>> {
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

/** The bits of the model and of the newest checkpoint, tensor by tensor; undefined for a model that does not load. */
async function bitsOf(
  files: FileStore,
): Promise<{ checkpoint: string; model: string | undefined }> {
  const { path } = await findCheckpoint(files, "run");
  const names = (await files.list("run")).map(({ name }) => name);
  const weights = names.find((name) => WEIGHTS.test(name));
  const hasConfig = names.some((name) => /^(adapter_)?config\.json$/.test(name));
  return {
    checkpoint: await tensorsOf(files, path),
    model:
      hasConfig && weights !== undefined ? await tensorsOf(files, `run/${weights}`) : undefined,
  };
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

describe.each(Object.entries(KINDS))("a run of %s", (_, options) => {
  it("has one of two states whenever the power goes", async () => {
    const { disk, save } = await twoStates(options);
    const whole = memoryHost({ files: disk });
    const before = await bitsOf(whole.files);
    await save(whole.files);
    const after = await bitsOf(whole.files);
    expect(after.checkpoint).not.toBe(before.checkpoint);
    const wrong: string[] = [];
    for (let cut = 1; cut <= whole.changes(); cut++) {
      const host = memoryHost({ files: disk, powerCutAt: cut });
      const error = await save(host.files).catch((thrown: unknown) => thrown);
      if (errorCode(error) !== "EIO") wrong.push(`${cut}: ${String(error)}`);
      for (const isKept of KEPT) {
        const { checkpoint, model } = await bitsOf(host.crash(isKept).files);
        if (![before.checkpoint, after.checkpoint].includes(checkpoint)) {
          wrong.push(`${cut}: a mixed checkpoint`);
        }
        if (![before.model, after.model, undefined].includes(model)) {
          wrong.push(`${cut}: a mixed model`);
        }
      }
    }
    expect(wrong).toEqual([]);
  });
});
