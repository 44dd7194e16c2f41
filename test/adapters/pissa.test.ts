/** PiSSA beside peft's: ten steps, what they leave as a plain adapter, and files that are read back as they were. */

import { readFileSync } from "node:fs";
import { afterAll, beforeAll, expect, it } from "vitest";
import { adaptersOf, adaptModel, peftName, settingsOf } from "../../src/adapters/index.ts";
import {
  joinedAdapters,
  joinInitial,
  partInitial,
  setPrincipal,
} from "../../src/adapters/pissa.ts";
import { bufferOf } from "../../src/runtime/buffers.ts";
import { readTensor } from "../../src/runtime/runtime.ts";
import type { HostTensor } from "../../src/tensor/host-tensor.ts";
import { expectClose, FLOAT32 } from "../support/close.ts";
import { batchOf, type Parts, partsOf } from "../train/support.ts";
import { loadAdapted, logitsOf } from "./support.ts";

interface Golden {
  readonly learningRate: number;
  readonly losses: readonly number[];
  readonly logits: readonly number[];
}

interface Training {
  readonly rank: number;
  readonly alpha: number;
  readonly batches: readonly (readonly (readonly number[])[])[];
}

const golden: Golden = JSON.parse(readFileSync("test/golden/peft_pissa.json", "utf8"));
const training: Training = JSON.parse(readFileSync("test/golden/peft_training.json", "utf8"));
const { rank, alpha } = training;
const options = {
  method: "lora",
  model: "on-disk",
  initAdapter: "pissa",
  optimizer: "adam",
  rank,
  alpha,
} as const;

let parts: Parts;
const losses: number[] = [];
beforeAll(async () => {
  parts = await partsOf(options);
  const { engine, base, adapters } = parts;
  await setPrincipal({ base, ...engine.parts }, adapters);
  for (const [i, rows] of training.batches.entries()) {
    engine.begin({ step: i + 1, cycle: 0, learningRate: golden.learningRate, opensCycle: false });
    await engine.microStep(batchOf(rows), i);
    const { lossSum, lossTokens } = await engine.update();
    losses.push(lossSum / lossTokens);
  }
});
afterAll(() => parts.engine.release());

const stored = (name: string) => peftName(parts.base, name);
async function tensors(): Promise<ReadonlyMap<string, HostTensor>> {
  const names = [...parts.model.params.keys()].filter((name) => name.includes("lora_"));
  const { weights } = parts.engine.state;
  const own = names.map(
    async (name) => [stored(name), await readTensor(bufferOf(weights, name))] as const,
  );
  return new Map(await Promise.all(own));
}

it("has peft's losses in ten steps", () => {
  expectClose(losses, golden.losses, FLOAT32);
});

it("loads what peft made a plain adapter", async () => {
  const { model, weights } = await loadAdapted("test/golden/peft_adapter_pissa");
  expectClose(await logitsOf(model, weights), golden.logits, FLOAT32);
});

it("leaves a plain adapter that has peft's logits", async () => {
  const { base, config } = await loadAdapted("test/golden/peft_adapter_pissa");
  const joined = joinInitial(await tensors(), parts.adapters, stored);
  const settings = settingsOf(base.model, joinedAdapters(parts.adapters), []);
  expect(settings).toMatchObject({ r: config.r, lora_alpha: config.lora_alpha });
  const shapes = new Map([...joined].map(([name, { shape }]) => [name, shape] as const));
  const found = adaptersOf(base.model, settings, shapes);
  const weights = new Map(base.weights);
  for (const [name, storedName] of found.stored) {
    const tensor = joined.get(storedName);
    if (tensor) weights.set(name, tensor);
  }
  const logits = await logitsOf(adaptModel(base.model, found.adapters), weights);
  expectClose(logits, golden.logits, FLOAT32);
});

it("is read back as it was, and an adapter of another rank is left alone", async () => {
  const own = await tensors();
  const joined = joinInitial(own, parts.adapters, stored);
  expect(partInitial(joined, parts.adapters, stored)).toEqual(own);
  const others = parts.adapters.map((adapter) => ({ ...adapter, rank: 3 }));
  expect(partInitial(joined, others, stored)).toEqual(joined);
});

it("keeps what it began with", () => {
  const plan = parts.plan.get("h.0.attn.c_attn.lora_A.initial");
  expect(plan?.treatment).toBe("frozen: as it began");
});

it.each([
  [{ method: "dora" }, "initAdapter: pissa is for lora, lora-fa and lora+"],
  [{ model: {} }, "initAdapter: pissa is for lora, lora-fa and lora+"],
] as const)("is refused with %j", async (own, message) => {
  await expect(partsOf({ ...options, ...own })).rejects.toThrow(message);
});

it("is refused with a rank that a weight has not", async () => {
  const wide = await partsOf({ ...options, rank: 11 });
  const principal = setPrincipal({ base: wide.base, ...wide.engine.parts }, wide.adapters);
  await expect(principal).rejects.toThrow("h.0.attn.c_attn has 10 principal components; got 11");
  await wide.engine.release();
});
