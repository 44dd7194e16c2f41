/** The trainer as a whole: what must not change a run, what a run leaves behind, and how it ends. */

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type Compressor, isCompression } from "../../src/compress/compressor.ts";
import { flora } from "../../src/compress/index.ts";
import { createDecoder, complete } from "../../src/generate/index.ts";
import { modelFromConfig } from "../../src/models/index.ts";
import { fillOrthonormal } from "../../src/random/index.ts";
import { cpuRuntime } from "../../src/runtime/node.ts";
import type { TrainOptions } from "../../src/options/config.ts";
import { largestDifference, runTiny, weightsOf } from "./support.ts";
import { loadTokenizer, loadWeights, readConfig } from "../support/on-node.ts";

/** Sums in another order: float32 rounding of losses of about 5. */
const SAME_LOSS = 2e-5;
/** The same through Adafactor, which divides by the size of the gradient. */
const SAME_WEIGHTS = 2e-4;

const variants = [
  {
    name: "keeping residuals instead of recomputing",
    options: { recompute: "none" },
  },
  {
    name: "keeping residuals, with dropout",
    base: {
      model: {
        n_embd: 16,
        n_layer: 2,
        n_head: 2,
        n_positions: 128,
        resid_pdrop: 0.2,
        attn_pdrop: 0.1,
        embd_pdrop: 0.1,
      },
    },
    options: { recompute: "none" },
  },
  {
    name: "keeping residuals of an encoder and a decoder, with dropout",
    base: {
      model: {
        model_type: "t5",
        d_model: 16,
        d_kv: 8,
        d_ff: 32,
        num_layers: 2,
        num_heads: 2,
        dropout_rate: 0.2,
      },
    },
    options: { recompute: "none" },
  },
  {
    name: "a vocabulary in chunks",
    options: { vocabularyChunk: 50 },
  },
  {
    name: "a vocabulary in chunks, its embedding compressed",
    base: { compressEmbeddings: true },
    options: { vocabularyChunk: 100 },
  },
  {
    name: "updating after the backward pass instead of layer by layer",
    options: { maxGradNorm: 1e9 },
  },
  {
    name: "keeping residuals that are a choice of coordinates",
    base: { optimizer: "muon", projection: "coordinates", microSteps: 2 },
    options: { recompute: "none" },
  },
  {
    name: "a compressed momentum beside the accumulator instead of in it",
    base: { optimizer: "muon", resampleEvery: 2, microSteps: 2, maxGradNorm: undefined },
    options: { maxGradNorm: 1e9 },
  },
  {
    name: "more threads",
    options: { threads: 4 },
  },
] as const;

describe("what must not change a run", () => {
  for (const { name, options, ...rest } of variants) {
    it(name, async () => {
      const base = "base" in rest ? rest.base : {};
      const one = await runTiny(base);
      const other = await runTiny({ ...base, ...options });
      for (const [i, loss] of one.losses.entries()) {
        expect(Math.abs(loss - (other.losses[i] ?? NaN))).toBeLessThan(SAME_LOSS);
      }
      const difference = largestDifference(
        await weightsOf(one.output),
        await weightsOf(other.output),
      );
      expect(difference).toBeLessThan(SAME_WEIGHTS);
    });
  }

  it("another seed does change it", async () => {
    const [a, b] = [await runTiny({}), await runTiny({ seed: 1 })];
    expect(largestDifference(await weightsOf(a.output), await weightsOf(b.output))).toBeGreaterThan(
      0.01,
    );
  });

  it("rank = dimension saves nothing, and is dense", async () => {
    const model = { n_embd: 16, n_layer: 1, n_head: 2, n_positions: 128 };
    const { events } = await runTiny({ model, rank: 16, steps: 1 });
    const start = events.find((event) => event.type === "start");
    expect(start?.parameters.filter(({ compressed }) => compressed)).toHaveLength(0);
  });

  it("an orthonormal projection of full rank is dense training", async () => {
    const model = { n_embd: 16, n_layer: 2, n_head: 2, n_positions: 128 };
    for (const optimizer of ["sgd", "adam", "adafactor"] as const) {
      const shared = { model, optimizer, microSteps: 3, learningRate: 0.01 };
      const dense = await runTiny({ ...shared, method: "dense" });
      const compressor = ofFullRank(flora({ rank: 8, compressEmbeddings: true }));
      const whole = await runTiny(shared, () => false, { compressor });
      const start = whole.events.find((event) => event.type === "start");
      expect(start?.parameters.filter(({ compressed }) => compressed)).toHaveLength(10);
      const [a, b] = [await weightsOf(dense.output), await weightsOf(whole.output)];
      expect(largestDifference(a, b), optimizer).toBeLessThan(SAME_WEIGHTS);
    }
  });
});

/** A compressor whose projections keep everything, which no run would choose. */
const ofFullRank = (compressor: Compressor): Compressor => ({
  ...compressor,
  compress(param, rule) {
    const found = compressor.compress(param, rule);
    if (!isCompression(found)) return found;
    const { dimension } = found.projection;
    return {
      ...found,
      projection: { ...found.projection, rank: dimension },
      subspace: {
        kind: "drawn",
        draw: (key, a, block) => fillOrthonormal(key, a, dimension, dimension, block),
      },
    };
  },
});

describe("clipping by global norm", () => {
  const rate = 0.1;
  const shared = { optimizer: "sgd", method: "dense", steps: 1, microSteps: 2 } as const;
  const lengthOf = (a: Float32Array, b: Float32Array) =>
    Math.sqrt(a.reduce((sum, value, i) => sum + (value - (b[i] ?? NaN)) ** 2, 0));

  it("makes an SGD step as long as rate times the norm, or the limit if that is less", async () => {
    const start = await weightsOf((await runTiny({ ...shared, learningRate: 1e-30 })).output);
    for (const maxGradNorm of [0.05, 1000]) {
      const { events, output } = await runTiny({ ...shared, learningRate: rate, maxGradNorm });
      const step = events.find((event) => event.type === "step");
      const norm = step?.gradNorm ?? NaN;
      expect(norm).toBeGreaterThan(0.1);
      const expected = rate * Math.min(norm, maxGradNorm);
      expect(lengthOf(await weightsOf(output), start) / expected).toBeCloseTo(1, 3);
    }
  });
});

describe("resuming", () => {
  const cases = [
    { name: "between steps", options: { microSteps: 1 }, at: ["step", 2] },
    { name: "within an accumulation", options: { microSteps: 4 }, at: ["micro-step", 2] },
    {
      name: "with momentum, across a change of projection",
      options: { microSteps: 2, momentum: 0.5, resampleEvery: 3, rank: 12, steps: 8 },
      at: ["step", 2],
    },
    {
      name: "with compressed moments, across a change of projection",
      options: { optimizer: "adam", compressMoments: true, resampleEvery: 9, rank: 12, steps: 12 },
      at: ["step", 8],
    },
    {
      name: "within an accumulation in eight bits",
      options: { microSteps: 4, accumulatorDtype: "int8" },
      at: ["micro-step", 2],
    },
    {
      name: "with Muon, within an accumulation in the middle of a window",
      options: { optimizer: "muon", microSteps: 4, resampleEvery: 3 },
      at: ["micro-step", 2],
    },
    {
      name: "with Muon, between two blocks of coordinates",
      options: { optimizer: "muon", projection: "coordinates", resampleEvery: 2, steps: 8 },
      at: ["step", 2],
    },
    {
      name: "with Muon, clipped, between two passes over the blocks",
      options: { optimizer: "muon", maxGradNorm: 1, resampleEvery: 1, steps: 8 },
      at: ["step", 4],
    },
    {
      name: "with Muon in eight bits and weights in sixteen",
      options: {
        optimizer: "muon",
        microSteps: 2,
        resampleEvery: 2,
        accumulatorDtype: "int8",
        weightDtype: "bfloat16",
      },
      at: ["step", 3],
    },
    {
      name: "with dense Muon",
      options: { optimizer: "muon", method: "dense", microSteps: 2 },
      at: ["step", 1],
    },
    {
      name: "with SCALE, in eight bits and weights in sixteen",
      options: {
        optimizer: "scale",
        microSteps: 2,
        accumulatorDtype: "int8",
        weightDtype: "bfloat16",
        maxGradNorm: 1,
      },
      at: ["step", 2],
    },
    {
      name: "before a merge of ReLoRA",
      options: { method: "relora", rank: 4, mergeEvery: 3, optimizer: "adam", steps: 8 },
      at: ["step", 3],
    },
    {
      name: "between merges of COLA",
      options: { method: "cola", rank: 4, mergeEvery: 2, microSteps: 2, steps: 8 },
      at: ["step", 5],
    },
    {
      name: "with Adam",
      options: { optimizer: "adam", method: "dense", microSteps: 2 },
      at: ["step", 1],
    },
  ] as const;
  for (const { name, options, at } of cases) {
    it(`${name} gives the same bits`, async () => {
      const [type, step] = at;
      const whole = await runTiny(options);
      const first = await runTiny(options, (event) => event.type === type && event.step === step);
      expect(first.events.at(-1)).toMatchObject({ type: "end", reason: "interrupted" });
      const second = await runTiny({ ...options, output: first.output, resume: true });
      expect(second.events.at(-1)).toMatchObject({ type: "end", reason: "finished" });
      const [a, b] = [await weightsOf(whole.output), await weightsOf(second.output)];
      expect(largestDifference(a, b)).toBe(0);
      // To go on with more steps.
      expect(readdirSync(join(first.output, "checkpoint"))).toHaveLength(1);
    });
  }

  it("refuses other options and a missing checkpoint", async () => {
    const first = await runTiny({ microSteps: 2 }, (event) => event.type === "step");
    const resumed = { microSteps: 2, output: first.output, resume: true };
    await expect(runTiny({ ...resumed, rank: 8 })).rejects.toThrow(
      "rank: the run was started with 4; got 8",
    );
    await expect(runTiny({ resume: true })).rejects.toThrow("no checkpoint");
  });
});

describe("what a run leaves behind", () => {
  it("a directory that loads and generates", async () => {
    const { output, losses } = await runTiny({ steps: 30, learningRate: 0.05 });
    expect(losses.at(-1)).toBeLessThan((losses[0] ?? 0) - 1);
    expect(readdirSync(output).toSorted()).toEqual([
      "checkpoint",
      "config.json",
      "generation_config.json",
      "model.safetensors",
      "tokenizer.json",
      "tokenizer_config.json",
    ]);
    const model = modelFromConfig(await readConfig(output));
    const tokenizer = await loadTokenizer(output);
    const shapes = new Map([...model.params].map(([name, { shape }]) => [name, shape] as const));
    const runtime = cpuRuntime();
    const tensors = await loadWeights(output, shapes, model.checkpoint);
    const weights = new Map([...tensors].map(([name, tensor]) => [name, runtime.adopt(tensor)]));
    const decoder = createDecoder(model, runtime, weights);
    const [made] = await complete(decoder, [tokenizer.encode("Der")], { maxNewTokens: 5 });
    expect(made).toHaveLength(5);
  });

  it("a model that training goes on from", async () => {
    const first = await runTiny({ steps: 10, learningRate: 0.05 });
    const second = await runTiny({ model: first.output, steps: 2, learningRate: 0.01 });
    expect(second.losses[0]).toBeLessThan((first.losses[0] ?? 0) - 0.3);
  });

  it("memory as predicted, tensor for tensor", async () => {
    const runs: readonly TrainOptions[] = [
      {},
      { microSteps: 2 },
      { recompute: "none" },
      { optimizer: "adam", microSteps: 2, momentum: 0.5 },
      { optimizer: "adam", microSteps: 2, compressMoments: true, rank: 8 },
      { microSteps: 2, accumulatorDtype: "int8" },
      { optimizer: "muon" },
      { optimizer: "muon", projection: "coordinates", microSteps: 2 },
      { optimizer: "muon", maxGradNorm: 1, accumulatorDtype: "int8" },
      { optimizer: "muon", method: "dense", microSteps: 2 },
      { optimizer: "scale", microSteps: 2, momentum: 0.5 },
      { method: "lora", microSteps: 2 },
      { method: "lora-fa", modulesToSave: ["ln_f"] },
    ];
    for (const options of runs) {
      const { events } = await runTiny(options);
      const end = events.at(-1);
      if (end?.type !== "end") throw new Error("no end");
      for (const { name, predicted, measured } of end.memory.rows) {
        if (measured !== undefined && name !== "activations")
          expect(measured, name).toBe(predicted);
      }
    }
  });
});

describe("how a run ends badly", () => {
  it("NaN: the last good model stays, and the message says what to try", async () => {
    const { events, output } = await runTiny({
      learningRate: 1e30,
      optimizer: "sgd",
      evaluateEvery: 1,
    });
    const end = events.at(-1);
    expect(end).toMatchObject({ type: "end", reason: "not a number" });
    expect(end?.type === "end" && end.message).toContain("is not a number");
    if (existsSync(join(output, "model.safetensors"))) {
      expect((await weightsOf(output)).every(Number.isFinite)).toBe(true);
    }
  });

  it("an output directory that holds something is left alone", async () => {
    const first = await runTiny({});
    const before = readFileSync(join(first.output, "model.safetensors"));
    await expect(runTiny({ output: first.output })).rejects.toThrow("not empty");
    expect(readFileSync(join(first.output, "model.safetensors")).equals(before)).toBe(true);
  });

  it("a momentum that would grow without bound is refused with the smallest safe interval", async () => {
    await expect(runTiny({ momentum: 0.9, rank: 4, resampleEvery: 2 })).rejects.toThrow(
      "would grow without bound",
    );
  });

  it("options that do not fit", async () => {
    await expect(runTiny({ contextLength: 4096 })).rejects.toThrow("at most 128 tokens");
    await expect(runTiny({ include: ["nothing.*"] })).rejects.toThrow('matches "nothing.*"');
    await expect(runTiny({ contextLength: 20 })).rejects.toThrow(
      "longer than the context of 20 tokens",
    );
    await expect(runTiny({ train: "missing.txt" })).rejects.toThrow("missing.txt");
  });
});
