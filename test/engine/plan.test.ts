/** Plans of adapters on a base in eight or four bits: loss and gradients of peft on what NumPy makes of it, and what is kept of it where. */

import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { describePlan } from "../../src/engine/plan.ts";
import { setWeight } from "../../src/engine/parts/state.ts";
import { crc32 } from "../../src/host/crc32.ts";
import { llama } from "../../src/models/architectures/rotary/llama.ts";
import type { Batch } from "../../src/models/batch.ts";
import { BASE_DTYPES, type BaseDType } from "../../src/nn/weights-at-rest.ts";
import type { TrainOptions } from "../../src/options/config.ts";
import { bufferNamed, floats } from "../../src/runtime/buffers.ts";
import { float32, int32 } from "../../src/tensor/host-tensor.ts";
import { elementCount } from "../../src/tensor/shape.ts";
import { expectClose, FLOAT32 } from "../support/close.ts";
import { sharedRuntime } from "../support/shared-runtime.ts";
import { openRun } from "./support.ts";

interface Golden {
  readonly config: Readonly<Record<string, unknown>>;
  readonly rank: number;
  readonly alpha: number;
  readonly ids: readonly (readonly number[])[];
  readonly plainLoss: number;
  readonly runs: Readonly<
    Record<
      BaseDType,
      {
        readonly loss: number;
        readonly gradients: Readonly<Record<string, readonly number[]>>;
      }
    >
  >;
}

const golden: Golden = JSON.parse(readFileSync("test/golden/small_bases.json", "utf8"));
const model = llama(golden.config);
const [rows, length] = [golden.ids.length, (golden.ids[0]?.length ?? 0) - 1];
const cut = (from: number) =>
  Int32Array.from(golden.ids.flatMap((row) => row.slice(from, from + length)));
const batch: Batch = {
  size: rows,
  inputs: { ids: int32([rows, length], cut(0)) },
  targets: cut(1),
  weights: new Float32Array(rows * length).fill(1),
  tokens: rows * length,
  lossTokens: rows * length,
};

/** As make_small_bases.py draws them. */
function drawn(name: string, shape: readonly number[]) {
  const start = crc32(new TextEncoder().encode(name));
  const data = Float32Array.from({ length: elementCount(shape) }, (_, i) => {
    const steps = ((Math.imul(i, 2654435761) + start) >>> 20) - 2048;
    return steps / 2 ** 14 + (shape.length === 1 ? 1 : 0);
  });
  return float32(shape, data);
}

/** A run whose gradients wait to be looked at. */
function opened(options: TrainOptions) {
  const { rank, alpha } = golden;
  // The head stays as it is, as peft's "all-linear" has it.
  const adapters = { method: "lora", rank, alpha, targets: ["*_proj"], model: "on-disk" } as const;
  const run = openRun(
    sharedRuntime,
    { ...adapters, ...options },
    { holdGradients: true, shapes: [model.inputTypes(rows, length)] },
    model,
  );
  for (const [name, { shape }] of run.model.params) {
    setWeight(run.engine.state, name, drawn(name, shape));
  }
  return run;
}

describe.each(BASE_DTYPES)("a base in %s", (baseDtype) => {
  const expected = golden.runs[baseDtype];

  it.each(["all", "cheap", "none"] as const)(
    "has peft's loss and gradients, %s computed once more",
    async (recompute) => {
      const { engine } = opened({ baseDtype, recompute });
      const { loss, tokens } = await engine.evaluate([batch]);
      expect(loss / tokens).toBeCloseTo(expected.loss, 6);
      engine.begin({ step: 1, cycle: 0, learningRate: 0, opensCycle: false });
      await engine.microStep(batch, 0);
      for (const [name, gradient] of Object.entries(expected.gradients)) {
        const sum = bufferNamed(engine.state.accumulators.get(name) ?? {}, "sum");
        const mean = floats(await sum.read()).map((value) => value / batch.lossTokens);
        expectClose(Array.from(mean), gradient, FLOAT32);
      }
      await engine.release();
    },
  );

  it("says what it takes of each weight, and what engines allocate", async () => {
    const { engine, plan } = opened({ baseDtype, weightDtype: "bfloat16" });
    const [bits, scaleBytes] = { int8: [8, 4 / 64], q4: [4, 2 / 32] }[baseDtype];
    const bytesOf = new Map(describePlan(plan).map((each) => [each.name, each]));
    const [square, table, head, norm] = [
      "model.layers.0.self_attn.q_proj.weight",
      "model.embed_tokens.weight",
      "lm_head.weight",
      "model.norm.weight",
    ].map((name) => bytesOf.get(name));
    expect(square?.treatment).toBe(`frozen: adapted, ${baseDtype}`);
    expect(square?.weightBytes).toBe(64 * 64 * ((bits ?? 0) / 8 + (scaleBytes ?? 0)));
    expect([table, head].map((each) => each?.weightBytes)).toEqual([40 * 64 * 2, 40 * 64 * 2]);
    expect(norm?.weightBytes).toBe(64 * 4);
    const planned = [...bytesOf.values()].reduce((sum, { weightBytes }) => sum + weightBytes, 0);
    const held = [...engine.state.weights.values()].reduce((sum, { bytes }) => sum + bytes, 0);
    expect(held).toBe(planned);
    await engine.release();
  });
});

it("is not the float base, by as much as rounding takes", async () => {
  const { engine } = opened({});
  const { loss, tokens } = await engine.evaluate([batch]);
  expect(loss / tokens).toBeCloseTo(golden.plainLoss, 6);
  for (const dtype of BASE_DTYPES) {
    expect(Math.abs(golden.runs[dtype].loss - golden.plainLoss)).toBeGreaterThan(1e-4);
  }
  await engine.release();
});
