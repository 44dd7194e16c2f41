/** DoRA beside peft's: logits, gradients, ten steps, a merge, and settings that mean the same. */

import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { vjp } from "../../src/autodiff/index.ts";
import { adaptersOf, settingsOf } from "../../src/adapters/index.ts";
import { measureLengths, mergeInto } from "../../src/adapters/merge.ts";
import { tensorAt } from "../../src/graph/tensors.ts";
import { input } from "../../src/graph/value.ts";
import { createProgramCache } from "../../src/runtime/programs.ts";
import { bufferOf, floats } from "../../src/runtime/buffers.ts";
import { readTensor } from "../../src/runtime/runtime.ts";
import { float32 } from "../../src/tensor/host-tensor.ts";
import { expectClose, FLOAT32 } from "../support/close.ts";
import { runGraph, testRuntime } from "../support/graph.ts";
import { batchOf, numbersOfParam, partsOf } from "../train/support.ts";
import { graphOfLogits, loadAdapted, logitsOf } from "./support.ts";

interface Golden {
  readonly logits: readonly number[];
  readonly gradients: Readonly<Record<string, readonly number[]>>;
  readonly learningRate: number;
  readonly losses: readonly number[];
  readonly final: Readonly<Record<string, readonly number[]>>;
}

interface Training {
  readonly rank: number;
  readonly alpha: number;
  readonly batches: readonly (readonly (readonly number[])[])[];
  readonly initial: Readonly<Record<string, { readonly data: readonly number[] }>>;
}

const golden: Golden = JSON.parse(readFileSync("test/golden/peft_dora.json", "utf8"));
const training: Training = JSON.parse(readFileSync("test/golden/peft_training.json", "utf8"));
const loaded = await loadAdapted("test/golden/peft_adapter_dora");

it("has peft's logits", async () => {
  expectClose(await logitsOf(loaded.model, loaded.weights), golden.logits, FLOAT32);
});

it("has peft's gradients, of which the norm takes none", async () => {
  const feeds = Object.fromEntries(loaded.weights);
  const logits = graphOfLogits(loaded.model, loaded.weights);
  const c = Float32Array.from(golden.logits, (_, i) => (((37 * i) % 64) - 32) / 64);
  const names = Object.keys(golden.gradients);
  const wrt = names.map((name) => tensorAt(logits.inputs, name));
  const gradients = vjp([logits.y], [input("c", "float32", logits.y.shape)], wrt);
  const outputs = Object.fromEntries(
    gradients.flatMap((gradient, i) => (gradient ? [[`d ${names[i]}`, gradient] as const] : [])),
  );
  const shape = logits.y.shape.map(Number);
  const found = await runGraph(outputs, { ...feeds, c: float32(shape, c) });
  for (const name of names) {
    const data = found[`d ${name}`]?.data ?? [];
    expectClose(Array.from(data, Number), golden.gradients[name] ?? [], FLOAT32, { what: name });
  }
});

it("has peft's logits when it is merged", async () => {
  const { base, adapters, weights } = loaded;
  const buffers = new Map(
    [...weights].map(([name, tensor]) => [
      name,
      testRuntime.adopt({ ...tensor, data: tensor.data.slice() }),
    ]),
  );
  const programs = createProgramCache(testRuntime);
  for (const adapter of adapters) {
    const target = bufferOf(buffers, adapter.weight);
    await mergeInto(
      { base: base.model, programs, state: { weights: buffers } },
      adapter,
      1,
      target,
    );
  }
  const merged = new Map<string, Awaited<ReturnType<typeof readTensor>>>();
  for (const [name, buffer] of buffers) merged.set(name, await readTensor(buffer));
  expectClose(await logitsOf(base.model, merged), golden.logits, FLOAT32);
  await programs.release();
});

it("is written with settings that mean the same", () => {
  const { base, adapters, tensors } = loaded;
  const settings = settingsOf(base.model, adapters, []);
  expect(settings).toMatchObject({ use_dora: true, use_rslora: false });
  const shapes = new Map([...tensors].map(([name, { shape }]) => [name, shape] as const));
  expect(adaptersOf(base.model, settings, shapes).adapters).toEqual(adapters);
});

it("names lengths that are missing, or that its settings do not know", () => {
  const { base, config, tensors } = loaded;
  const shapes = new Map([...tensors].map(([name, { shape }]) => [name, shape] as const));
  const plain = { ...config, use_dora: false };
  const name = "h.0.attn.c_attn.lora_magnitude_vector";
  expect(() => adaptersOf(base.model, plain, shapes)).toThrow(`unexpected: ${name}`);
  shapes.delete(`transformer.${name}`);
  expect(() => adaptersOf(base.model, config, shapes)).toThrow(`missing: ${name}`);
});

describe("ten steps of dora", () => {
  it("are peft's", async () => {
    const { rank, alpha } = training;
    const parts = await partsOf({ method: "dora", rank, alpha, optimizer: "adam" });
    const { engine } = parts;
    for (const [name, { data }] of Object.entries(training.initial)) {
      bufferOf(engine.state.weights, `${name}.weight`).write((out) => floats(out).set(data));
    }
    await measureLengths({ base: parts.base, ...engine.parts }, parts.adapters);
    const { learningRate } = golden;
    for (const [i, rows] of training.batches.entries()) {
      engine.begin({ step: i + 1, cycle: 0, learningRate, opensCycle: false });
      await engine.microStep(batchOf(rows), i);
      const { lossSum, lossTokens } = await engine.update();
      const expected = golden.losses[i] ?? NaN;
      expect(Math.abs(lossSum / lossTokens / expected - 1), `loss ${i}`).toBeLessThan(1e-5);
    }
    for (const [name, data] of Object.entries(golden.final)) {
      expectClose(await numbersOfParam(parts, name), data, FLOAT32, { what: name });
    }
    await engine.release();
  });
});
