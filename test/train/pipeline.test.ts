/** Micro-batches add up: two of unequal lengths are one big batch with padding, and compressed sums are the compression of the sum. */

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import type { Batch } from "../../src/data/index.ts";
import { parseConfig, type TrainOptions } from "../../src/train/config.ts";
import { createPipeline } from "../../src/train/pipeline.ts";
import { prepare } from "../../src/train/prepare.ts";
import { int32 } from "../../src/tensor/host-tensor.ts";
import { expectClose, FLOAT32 } from "../support/close.ts";

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
  const run = await prepare(parseConfig({ ...options, ...extra }));
  const pipeline = createPipeline(run);
  let loss = 0;
  for (const batch of batches) loss += await pipeline.microStep(batch, { cycle: 3, microStep: 0 });
  const accumulators = new Map<string, number[]>();
  for (const [name, tensors] of run.state.accumulators) {
    for (const [key, buffer] of Object.entries(tensors)) {
      accumulators.set(`${name} ${key}`, Array.from(await buffer.read(), Number));
    }
  }
  await run.programs.release();
  return { loss, accumulators };
}

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
    { rank: 4, recompute: false, projection: "orthonormal" },
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
