/** A table of which some rows are trained: their gradients and updates are those of the whole table, and the other rows stay as they are. */

import { expect, it } from "vitest";
import { dense } from "../../../src/compress/flora-compressor.ts";
import { openEngine } from "../../../src/engine/engine.ts";
import type { Rows } from "../../../src/engine/parts/param-plan.ts";
import { drawWeight } from "../../../src/engine/parts/initial-weights.ts";
import { describePlan, planParameters } from "../../../src/engine/plan.ts";
import { namedOptimizer } from "../../../src/optim/registry.ts";
import type { WeightDType } from "../../../src/optim/rounding.ts";
import { bufferOf } from "../../../src/runtime/buffers.ts";
import { expectClose, FLOAT32 } from "../../support/close.ts";
import { sharedRuntime as runtime } from "../../support/shared-runtime.ts";
import { batchAt, tiny } from "../support.ts";

const TABLE = "wte.weight";
const WIDTH = 32;

/** The table before and after a step, and the sum of its gradients. */
async function stepped(
  rows: Rows | undefined,
  vocabularyChunk: number,
  weightDtype: WeightDType = "float32",
) {
  const plan = planParameters(tiny, {
    compressor: dense(),
    optimizer: namedOptimizer("sgd", { weightDecay: 0.1, hyperparameters: {} }),
    vocabularyChunk,
    weightDtype,
    trainable: {
      frozen: (name) => (name === TABLE ? undefined : "here"),
      rateFactor: () => 1,
      rows: () => rows,
    },
  });
  const shapes = [tiny.inputTypes(2, 16)];
  const options = { model: tiny, plan, runtime, seed: 0, shapes, microSteps: 2, vocabularyChunk };
  const engine = openEngine(options);
  for (const name of tiny.params.keys()) drawWeight(engine.parts, name);
  const numbersOf = async (buffer: ReturnType<typeof bufferOf>) =>
    Array.from(await buffer.read(), Number);
  const weight = bufferOf(engine.state.weights, TABLE);
  const before = await numbersOf(weight);
  engine.begin({ step: 1, cycle: 0, learningRate: 0.5, opensCycle: true });
  for (const index of [0, 1]) await engine.microStep(batchAt(index), index);
  const { sum } = engine.state.accumulators.get(TABLE) ?? {};
  if (!sum) throw new Error("a sum expected");
  const gradients = await numbersOf(sum);
  await engine.update();
  const after = await numbersOf(weight);
  await engine.release();
  return { before, gradients, after, plan };
}

const cut = (numbers: readonly number[], { start, end }: Rows) =>
  numbers.slice(start * WIDTH, end * WIDTH);

// Chunks of the vocabulary end where the rows begin and end, whatever their size.
it.each([
  ["the last, of a vocabulary in one piece", { start: 62, end: 64 }, 4096],
  ["the last, of one in chunks", { start: 62, end: 64 }, 20],
  ["some in its midst", { start: 19, end: 45 }, 10],
] as const)("%s", async (_, rows, chunk) => {
  const [whole, own] = [await stepped(undefined, chunk), await stepped(rows, chunk)];
  expectClose(own.gradients, cut(whole.gradients, rows), FLOAT32);
  const { before, after } = own;
  expect(cut(after, rows)).not.toEqual(cut(before, rows));
  const outside = (numbers: readonly number[]) =>
    numbers.filter((_number, i) => i < rows.start * WIDTH || i >= rows.end * WIDTH);
  expect(outside(after)).toEqual(outside(before));
});

it("a step of them is that of the whole table where the norm is theirs", async () => {
  const rows = { start: 0, end: 64 };
  const [whole, own] = [await stepped(undefined, 20), await stepped(rows, 20)];
  expect(own.after).toEqual(whole.after);
});

it("the others keep their sixteen bits", async () => {
  const rows = { start: 62, end: 64 };
  for (const dtype of ["bfloat16", "float16"] as const) {
    const { before, after } = await stepped(rows, 20, dtype);
    expect(after.slice(0, 62 * WIDTH)).toEqual(before.slice(0, 62 * WIDTH));
    expect(cut(after, rows)).not.toEqual(cut(before, rows));
  }
});

it("have state of their size", async () => {
  const { plan } = await stepped({ start: 62, end: 64 }, 20);
  const [table] = describePlan(plan).filter(({ name }) => name === TABLE);
  expect(table).toMatchObject({
    treatment: "dense: 2 new rows",
    weightBytes: 64 * WIDTH * 4,
    trainedBytes: 2 * WIDTH * 4,
    accumulatorBytes: 2 * WIDTH * 4,
  });
});
