/**
 * Micro-batches add up: two of unequal lengths are one big batch with padding, and compressed sums are the compression of the sum.
 * Accumulators are handed on when the step is in them.
 * In an encoder-decoder model the cotangents of the memory add up over the blocks of the decoder: its gradients against transformers.
 */

import { bufferOf, floats, restore } from "../../src/runtime/buffers.ts";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { adapterNames, mergedWeight } from "../../src/adapters/adapter.ts";
import type { Batch } from "../../src/data/index.ts";
import type { Tensors } from "../../src/graph/tensors.ts";
import type { Value } from "../../src/graph/value.ts";
import { scale as scaled } from "../../src/ops/elementwise.ts";
import { matmul } from "../../src/ops/matmul.ts";
import { matrixTranspose } from "../../src/ops/movement.ts";
import { compress } from "../../src/compress/projection.ts";
import { parseConfig, type TrainOptions } from "../../src/options/config.ts";
import { subspaceMatrix } from "../../src/engine/parts/subspace.ts";
import { prepare } from "../../src/train/setup/prepare.ts";
import { nodeHost } from "../../src/host/node.ts";
import { sharedRuntime } from "../support/shared-runtime.ts";
import { float32, int32 } from "../../src/tensor/host-tensor.ts";
import { type Buffers, readTensor } from "../../src/runtime/runtime.ts";
import type { Reduce } from "../../src/engine/engine.ts";
import { llama } from "../../src/models/architectures/index.ts";
import type { Model } from "../../src/models/model.ts";
import { expectGradients, readGolden } from "../models/golden.ts";
import { expectClose, FLOAT32, numbersOf } from "../support/close.ts";
import { type HostTensors, inputFor, runGraph, tensorNamed } from "../support/graph.ts";
import { normals } from "../support/random.ts";
import { batchAt, openRun, tiny } from "./support.ts";
import { accumulated, batchOfRows, CYCLE, type Name, partsFor } from "../train/encoder-decoder.ts";

const folder = mkdtempSync(join(tmpdir(), "flora-pipeline-"));
const file = join(folder, "text.txt");
writeFileSync(file, "the quick brown fox jumps over the lazy dog. ".repeat(40));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const options: TrainOptions = {
  train: file,
  model: { n_embd: 16, n_layer: 2, n_head: 2, n_positions: 32 },
  batchSize: 2,
  microSteps: 2,
  rank: 4,
};

/** Rows of tokens as a batch; the loss counts from `lossFrom` on, padding never. */
function batchOf(rows: readonly (readonly number[])[], lossFrom: number): Batch {
  const size = rows.length;
  const length = Math.max(...rows.map((row) => row.length - 1));
  const [inputs, targets] = [new Int32Array(size * length), new Int32Array(size * length)];
  const weights = new Float32Array(size * length);
  let lossTokens = 0;
  for (const [b, row] of rows.entries()) {
    for (let t = 0; t + 1 < row.length; t++) {
      inputs[b * length + t] = row[t] ?? 0;
      targets[b * length + t] = row[t + 1] ?? 0;
      weights[b * length + t] = t + 1 >= lossFrom ? 1 : 0;
      lossTokens += t + 1 >= lossFrom ? 1 : 0;
    }
  }
  const ids = int32([size, length], inputs);
  return { size, inputs: { ids }, targets, weights, tokens: lossTokens, lossTokens };
}

async function accumulate(extra: TrainOptions, batches: readonly Batch[]) {
  const { engine } = await prepare(parseConfig({ ...options, ...extra }), context);
  engine.begin({ step: 1, cycle: 3, learningRate: 0, opensCycle: false });
  for (const batch of batches) await engine.microStep(batch, 0);
  const { lossSum: loss } = await engine.sums();
  const accumulators = new Map<string, number[]>();
  for (const [name, tensors] of engine.state.accumulators) {
    for (const [key, buffer] of Object.entries(tensors)) {
      accumulators.set(`${name} ${key}`, Array.from(await buffer.read(), Number));
    }
  }
  await engine.release();
  return { loss, accumulators };
}

const context = { runtime: sharedRuntime, host: nodeHost() };
const rowsOf = (lengths: readonly number[]) =>
  lengths.map((length, i) => Array.from({ length }, (_, t) => (i * 37 + t * 11) % 257));
const [short, long] = [rowsOf([5, 7]), rowsOf([12, 20])];

describe("micro-batches of unequal lengths equal one big batch", () => {
  const methods: readonly TrainOptions[] = [
    { method: "dense" },
    { rank: 4 },
    { rank: 4, compressEmbeddings: true },
    { rank: 4, compressEmbeddings: true, vocabularyChunk: 100 },
    { rank: 4, side: "larger", projection: "rademacher" },
    { rank: 4, recompute: "none", projection: "orthonormal" },
  ];
  for (const method of methods) {
    it(JSON.stringify(method), async () => {
      const parts = await accumulate(method, [batchOf(short, 3), batchOf(long, 3)]);
      const whole = await accumulate(method, [batchOf([...short, ...long], 3)]);
      expect(Math.abs(parts.loss - whole.loss)).toBeLessThan(1e-3);
      for (const [name, sum] of whole.accumulators) {
        expectClose(parts.accumulators.get(name) ?? [], sum, FLOAT32, { what: name });
      }
    });
  }

  it("but not when the padding counts", async () => {
    const padded = batchOf([...short, ...long], 3);
    const counted = { ...padded, weights: new Float32Array(padded.weights.length).fill(1) };
    const [a, b] = [await accumulate({}, [padded]), await accumulate({}, [counted])];
    expect(Math.abs(a.loss - b.loss)).toBeGreaterThan(1);
  });
});

/** What a graph over these tensors gives. */
function compute(
  feeds: HostTensors,
  graph: (at: (name: string) => Value) => Tensors,
): Promise<HostTensors> {
  return runGraph(
    graph((name) => inputFor(name, tensorNamed(feeds, name))),
    feeds,
  );
}

describe("an encoder-decoder model", () => {
  const NAMES: readonly Name[] = ["t5", "t5_gated"];
  const dense: readonly TrainOptions[] = [
    { recompute: "all" },
    { recompute: "none" },
    { vocabularyChunk: 20 },
    // What one stage has alone is handed over as soon as it is known.
    { microSteps: 1 },
  ];
  it.each(NAMES.flatMap((name) => dense.map((extra) => ({ name, extra }))))(
    "has the loss and the gradients of transformers: $name $extra",
    async ({ name, extra }) => {
      const golden = readGolden(name);
      const { loss, sums } = await accumulated(partsFor(name, { method: "dense", ...extra }), name);
      expectClose([loss], [golden.loss], FLOAT32, { what: "loss" });
      expect(Object.keys(sums).toSorted()).toEqual(Object.keys(golden.gradients).toSorted());
      expectGradients(sums, golden);
    },
  );

  it.each(NAMES)("evaluates the loss and what is right: %s", async (name) => {
    const golden = readGolden(name);
    const parts = partsFor(name, { method: "dense" });
    const batch = batchOfRows(name, [0, 1]);
    const { loss, correct } = await parts.engine.evaluate([batch]);
    await parts.engine.release();
    expectClose([loss / golden.targets], [golden.loss], FLOAT32, { what: "loss" });
    const right = Array.from(batch.targets, (target, row) => {
      const logits = numbersOf(golden.logits).slice(row * 48, (row + 1) * 48);
      return batch.weights[row] === 1 && Math.max(...logits) === logits[target];
    });
    expect(correct).toBe(right.filter(Boolean).length);
  });

  const compressing: readonly TrainOptions[] = [
    {},
    { recompute: "none" },
    { vocabularyChunk: 20 },
    { side: "larger" },
  ];
  it.each(compressing)(
    "compresses the sum, over sources and answers of unequal lengths: %j",
    async (extra) => {
      const golden = readGolden("t5");
      const parts = partsFor("t5", { rank: 4, compressEmbeddings: true, ...extra });
      const { sums } = await accumulated(parts, "t5", [[0], [1]]);
      const compressed = [...parts.plan.values()].flatMap(({ name, training }) =>
        training?.gradientProjection ? [{ name, projection: training.gradientProjection }] : [],
      );
      // All matrices and the embedding; the tables of relative positions, [8, 2], have but two columns.
      const tables = extra["side"] === "larger" ? 2 : 0;
      expect(compressed).toHaveLength(2 * 6 + 2 * 10 + 1 + tables);
      for (const { name, projection } of compressed) {
        const drawn = subspaceMatrix(parts.engine.parts, name, { cycle: CYCLE, slot: "drawn" });
        const feeds = { g: tensorNamed(golden.gradients, name), a: await readTensor(drawn) };
        const { c } = await compute(feeds, (at) => ({ c: compress(at("g"), at("a"), projection) }));
        const expected = c ? numbersOf(c) : [];
        expectClose(numbersOf(tensorNamed(sums, name)), expected, FLOAT32, { what: name });
      }
    },
  );

  /** Backward programs that run for each kind of stage: none where nothing is trained, in it or before it. */
  const frozenEncoder = {
    "encoder embed": 0,
    "encoder block": 0,
    "encoder norm": 0,
    "decoder embed": 0,
    "decoder block": 2,
  };
  const trainedEncoder = { ...frozenEncoder, "encoder block": 2, "encoder norm": 1 };
  it.each([
    { targets: ["decoder.*"], recompute: "all", backwards: frozenEncoder },
    { targets: ["decoder.*"], recompute: "none", backwards: frozenEncoder },
    { targets: ["encoder.*"], recompute: "all", backwards: trainedEncoder },
    { targets: ["encoder.*"], recompute: "none", backwards: trainedEncoder },
    { targets: ["*"], recompute: "all", backwards: trainedEncoder },
    { targets: ["*"], recompute: "cheap", backwards: trainedEncoder },
    { targets: ["*"], recompute: "none", backwards: trainedEncoder },
  ] as const)(
    "has the gradients of adapters and no others: $targets, recompute $recompute",
    async ({ backwards, ...extra }) => {
      const parts = partsFor("t5", { method: "lora", rank: 2, alpha: 3, ...extra });
      const { weights } = readGolden("t5");
      const merged = { ...weights };
      const draw = normals(5);
      const adapters = parts.adapters.map(({ weight, scale }) => {
        const names = adapterNames({ weight });
        const [a, b] = [names.a, names.b].map((name) => {
          const buffer = bufferOf(parts.engine.state.weights, name);
          const numbers = Float32Array.from({ length: buffer.bytes / 4 }, () => 0.3 * draw());
          const tensor = float32(buffer.shape, numbers);
          restore(name, buffer, tensor);
          return tensor;
        });
        if (!a || !b) throw new Error("an adapter has two parts");
        return { weight, scale, a, b };
      });
      for (const { weight, scale, a, b } of adapters) {
        const { whole } = await compute({ w: tensorNamed(weights, weight), a, b }, (at) => ({
          whole: mergedWeight(
            { w: at("w"), a: at("a"), b: at("b"), m: undefined },
            { scale, inputAxis: 1 },
          ),
        }));
        if (whole) merged[weight] = whole;
      }

      const { sums, ran } = await accumulated(parts, "t5");
      const { sums: whole } = await accumulated(partsFor("t5", { method: "dense" }, merged), "t5");
      expect(Object.keys(sums)).toHaveLength(2 * adapters.length);
      for (const { weight, scale, a, b } of adapters) {
        // W' = W + s B A: dA = s Bᵀ dW', dB = s dW' Aᵀ
        const expected = await compute({ g: tensorNamed(whole, weight), a, b }, (at) => ({
          dA: scaled(matmul(matrixTranspose(at("b")), at("g")), scale),
          dB: scaled(matmul(at("g"), matrixTranspose(at("a"))), scale),
        }));
        const names = adapterNames({ weight });
        for (const [part, name] of [
          ["dA", names.a],
          ["dB", names.b],
        ] as const) {
          const numbers = numbersOf(tensorNamed(expected, part));
          expectClose(numbersOf(tensorNamed(sums, name)), numbers, FLOAT32, { what: name });
        }
      }
      const counts = Object.keys(backwards).map((kind) => [
        kind,
        ran.filter((key) => key.startsWith(kind) && key.endsWith("backward")).length,
      ]);
      expect(Object.fromEntries(counts)).toEqual(backwards);
      // The embedding of the decoder is frozen: nothing goes back beyond its first block.
      const decoder = ran.filter((key) => key.startsWith("decoder block"));
      expect(decoder.some((key) => key.includes(" first"))).toBe(true);
      expect(decoder.some((key) => key.includes("encoder frozen"))).toBe(
        backwards === frozenEncoder,
      );
    },
  );
});

/** Its head is a matrix of its own. */
const untied: Model = llama({
  vocab_size: 64,
  hidden_size: 32,
  intermediate_size: 48,
  num_hidden_layers: 2,
  num_attention_heads: 2,
});

it.each<readonly [what: string, model: Model, options: TrainOptions]>([
  ["tied embeddings", tiny, { method: "dense" }],
  ["compressed gradients", tiny, { method: "flora", compressEmbeddings: true }],
  ["adapters", tiny, { method: "lora" }],
  ["whole gradients, once", tiny, { method: "galore", optimizer: "adam" }],
  ["a head of its own", untied, { method: "dense" }],
])("takes accumulators once, when all of the step is in them: %s", async (_, model, given) => {
  const seen: { tensors: Buffers; numbers: readonly number[]; during: string }[] = [];
  let during = "backward";
  const reduce: Reduce = {
    async take(accumulators) {
      for (const tensors of accumulators) {
        const all = await Promise.all(Object.values(tensors).map((each) => each.read()));
        seen.push({ tensors, numbers: all.flatMap((each) => [...floats(each)]), during });
      }
    },
    async end(own) {
      for (const { tensors, numbers } of seen) {
        const all = await Promise.all(Object.values(tensors).map((each) => each.read()));
        expect(all.flatMap((each) => [...floats(each)])).toEqual(numbers);
      }
      return own;
    },
  };
  const { engine } = openRun(sharedRuntime, { ...given, microSteps: 2 }, { reduce }, model);
  engine.begin({ step: 1, cycle: 0, learningRate: 0.02, opensCycle: true });
  await engine.microStep(batchAt(0), 0);
  expect(seen).toEqual([]);
  await engine.microStep(batchAt(1), 1, { isLast: true });
  during = "update";
  await engine.update();
  expect(new Set(seen.map(({ tensors }) => tensors)).size).toBe(engine.state.accumulators.size);
  expect(seen).toHaveLength(engine.state.accumulators.size);
  expect(seen.every((each) => each.during === "backward")).toBe(true);
  await engine.release();
});
