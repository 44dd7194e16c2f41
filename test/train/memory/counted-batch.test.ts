/** What batches whose rows do not all count add to the memory of a run. */

import { expect, it } from "vitest";
import { llama } from "../../../src/models/architectures/rotary/llama.ts";
import type { Batch } from "../../../src/models/batch.ts";
import { parseConfig, type TrainOptions } from "../../../src/options/config.ts";
import { settle } from "../../../src/train/choices/settle.ts";
import { countedBatch, countedRowsOf } from "../../../src/train/memory/counted-batch.ts";
import { IDLE_BYTES, predict } from "../../../src/train/memory/memory.ts";
import { traineeOf } from "../../../src/train/setup/method.ts";

const fields = { hidden_size: 8, intermediate_size: 12, num_hidden_layers: 1 };
// 64 MB of logits are those of 320 rows.
const model = llama({ ...fields, num_attention_heads: 2, vocab_size: 50_000 });
const types = model.inputTypes(4, 128);
const LARGEST = 512;

/** A batch of 4 rows of 128 tokens, so many of which count. */
function batchOf(counted: number): Batch {
  const batch = countedBatch(types, model);
  return { ...batch, weights: batch.weights.map((_, i) => (i < counted ? 1 : 0)) };
}

/** What batches add of which so many rows count. */
function foundIn(counts: readonly number[], own: TrainOptions = {}) {
  const config = settle(parseConfig({ train: "unread.txt", rank: 4, epochs: 1, ...own }), model);
  const training = {
    batchesPerEpoch: counts.length,
    batchAt: (i: number) => batchOf(counts[i] ?? 0),
  };
  const data = { training, evaluation: () => [], shapes: [types], pairs: [], description: "" };
  return { config, found: countedRowsOf({ config, data, model }) };
}

const countedIn = (batch: Batch | undefined): number | undefined =>
  batch?.weights.filter((weight) => weight > 0).length;

it.each<readonly [string, readonly number[], TrainOptions, number | undefined, number]>([
  ["the most rows whose logits are kept", [LARGEST, 60, 200, 400, 90], {}, 200, 4 * 4 + 4 * 2],
  ["equal numbers, which share their programs", [60, 50, 64], {}, 60, 4 + 2],
  ["what a run does not get to", [LARGEST, 60, 200], { steps: 1 }, undefined, 0],
  ["rows that all count", [LARGEST, LARGEST], {}, undefined, 0],
  ["a vocabulary that is not in chunks", [60], { vocabularyChunk: 50_000 }, undefined, 0],
  ["answers that are weighed whole", [60], { task: "preference" }, undefined, 0],
])("%s", (_, counts, own, kept, programs) => {
  const { found } = foundIn(counts, own);
  expect(countedIn(found.keepsLogits)).toBe(kept);
  expect(found.programs).toBe(programs);
});

it("is part of what is predicted", async () => {
  const { config, found: countedRows } = foundIn([200]);
  const parts = {
    config,
    trainee: traineeOf(model, config),
    shapes: [types],
    baseBytes: IDLE_BYTES,
  };
  const [without, withRows] = [await predict(parts), await predict({ ...parts, countedRows })];
  const grown = (name: string) => {
    const of = ({ table }: typeof without) => table.rows.find((row) => row.name === name);
    return (of(withRows)?.predicted ?? NaN) - (of(without)?.predicted ?? NaN);
  };
  // 200 rows become 224, the next multiple of 32; beside their logits there are indices.
  const logits = 224 * 50_000 * 4;
  expect(grown("activations")).toBeGreaterThanOrEqual(logits);
  expect(grown("activations")).toBeLessThan(logits + 10_000);
  expect(grown("runtime")).toBe(6 * 0.5e6);
  expect(grown("workspace")).toBeGreaterThan(0);
});
