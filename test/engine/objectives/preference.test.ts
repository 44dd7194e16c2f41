/** Losses, gradients and rewards of preferences are those of TRL, with a reference model that is asked once. */

import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import {
  preference,
  PREFERENCE_LOSSES,
  unaskedReference,
} from "../../../src/engine/objectives/preference.ts";
import type { Batch } from "../../../src/models/batch.ts";
import { llama } from "../../../src/models/architectures/rotary/llama.ts";
import type { TrainOptions } from "../../../src/options/config.ts";
import { setWeight } from "../../../src/engine/parts/state.ts";
import { float32, int32 } from "../../../src/tensor/host-tensor.ts";
import { expectClose, FLOAT32 } from "../../support/close.ts";
import { sharedRuntime } from "../../support/shared-runtime.ts";
import { openRun } from "../support.ts";

const numbers = z.array(z.number());
const rows = z.array(numbers);
const weights = z.record(z.string(), z.object({ shape: numbers, data: numbers }));
const golden = z
  .object({
    config: z.record(z.string(), z.unknown()),
    ids: rows,
    attention: rows,
    completion: rows,
    weights,
    reference: z.object({ weights, logProbabilities: numbers }),
    cases: z.array(
      z.object({
        name: z.string(),
        loss: z.enum(PREFERENCE_LOSSES),
        beta: z.number(),
        labelSmoothing: z.number(),
        value: z.number(),
        rewards: z.record(z.string(), z.number()),
        gradients: z.record(z.string(), numbers),
      }),
    ),
  })
  .parse(JSON.parse(readFileSync("test/golden/preference.json", "utf8")));

const model = llama(golden.config);
/** Rewards are differences of log-probabilities that are larger. */
const ofReward = { floor: 1 };
const PAIRS = golden.ids.length / 2;

/** The batch of some pairs of the golden; -1 stands for one that is missing. Each counts as much as is said, or once. */
function batchOf(pairs: readonly number[], weightOf: readonly number[] = []): Batch {
  const length = (golden.ids[0] ?? []).length - 1;
  const both = [...pairs, ...pairs.map((pair) => (pair < 0 ? pair : PAIRS + pair))];
  const of = (all: readonly (readonly number[])[]) =>
    both.map((row) => all[row] ?? Array<number>(length + 1).fill(0));
  const flat = (all: readonly (readonly number[])[], from: number) =>
    of(all).flatMap((row) => row.slice(from, from + length));
  const countOf = (row: number) => weightOf[row % pairs.length] ?? 1;
  return {
    size: both.length,
    inputs: { ids: int32([both.length, length], Int32Array.from(flat(golden.ids, 0))) },
    targets: Int32Array.from(flat(golden.ids, 1)),
    weights: Float32Array.from(
      flat(golden.completion, 1),
      (one, i) => one * countOf(Math.floor(i / length)),
    ),
    tokens: 1,
    lossTokens: pairs.reduce((sum, pair, row) => sum + (pair < 0 ? 0 : countOf(row)), 0),
    answers: {
      places: Int32Array.from(both),
      lengths: Int32Array.from(of(golden.attention), (row) =>
        Math.max(0, row.reduce((sum, one) => sum + one, 0) - 1),
      ),
    },
  };
}

function setWeights(engine: ReturnType<typeof openRun>["engine"], all: z.infer<typeof weights>) {
  for (const [name, { shape, data }] of Object.entries(all)) {
    const own = [...model.params.keys()].find((each) => name.endsWith(each));
    if (own === undefined) throw new Error(`no parameter ${name}`);
    setWeight(engine.state, own, float32(shape, Float32Array.from(data)));
  }
}

describe.each(golden.cases)("$name", ({ gradients, value, rewards, ...options }) => {
  it.each<TrainOptions & { missing: number }>([
    { missing: 0 },
    { missing: 1 },
    { missing: 0, vocabularyChunk: 7 },
    { missing: 2, recompute: "none" },
  ])("has the loss, the gradients and the rewards of TRL, with %j", async ({ missing, ...own }) => {
    const batch = batchOf([0, 1, 2, ...Array<number>(missing).fill(-1)]);
    const reference = unaskedReference(2 * PAIRS);
    const objective = preference({ ...options, reference });
    const { engine } = openRun(
      sharedRuntime,
      { method: "dense", ...own },
      { objective, holdGradients: true },
      model,
    );
    setWeights(engine, golden.reference.weights);
    reference.isAsked = true;
    await engine.evaluate([batch]);
    reference.isAsked = false;
    expectClose([...reference.logProbabilities], golden.reference.logProbabilities, FLOAT32);
    // ORPO has none.
    if (options.loss === "orpo") reference.logProbabilities.fill(0);
    setWeights(engine, golden.weights);
    engine.begin({ step: 1, cycle: 0, learningRate: 0, opensCycle: true });
    await engine.microStep(batch, 0);
    const { lossSum, lossTokens, told } = await engine.sums();
    expectClose([lossSum / lossTokens], [value], FLOAT32);
    for (const [name, mean] of Object.entries(rewards)) {
      expectClose([(told?.[`rewards/${name}`] ?? NaN) / PAIRS], [mean], FLOAT32, ofReward);
    }
    for (const [name, expected] of Object.entries(gradients)) {
      const param = [...model.params.keys()].find((each) => name.endsWith(each)) ?? "";
      const sum = engine.state.accumulators.get(param)?.["sum"];
      if (!sum) throw new Error(`no accumulator of ${name}`);
      const found = Array.from(await sum.read(), Number).map((x) => x / PAIRS);
      expectClose(found, expected, 2e-5, { what: name });
    }
    const held = await engine.evaluate([batch]);
    expectClose([held.loss / held.tokens], [value], FLOAT32);
    expect(held.correct / held.tokens).toBeCloseTo(rewards["accuracies"] ?? NaN, 5);
    expectClose(
      [objective.metrics?.(held)["rewards/margins"] ?? NaN],
      [rewards["margins"] ?? NaN],
      FLOAT32,
      ofReward,
    );
    await engine.release();
  });

  it("has what counts twice as if it were there twice", async () => {
    const objective = preference(options);
    const { engine } = openRun(sharedRuntime, { method: "dense" }, { objective }, model);
    setWeights(engine, golden.weights);
    const [twice, there] = [
      await engine.evaluate([batchOf([0, 1, 2], [2, 1, 1])]),
      await engine.evaluate([batchOf([0, 0, 1, 2])]),
    ];
    expect(twice.tokens).toBe(4);
    expectClose([twice.loss], [there.loss], FLOAT32);
    expectClose(Object.values(twice.told ?? {}), Object.values(there.told ?? {}), FLOAT32);
    await engine.release();
  });
});
