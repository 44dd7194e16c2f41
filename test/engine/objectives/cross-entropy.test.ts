/** Smoothed labels and noise on embeddings in an engine: in training, not in evaluations, and the same whatever is kept or chunked. */

import { describe, expect, it } from "vitest";
import { crossEntropy } from "../../../src/engine/objectives/cross-entropy.ts";
import type { TrainOptions } from "../../../src/options/config.ts";
import { expectClose, FLOAT32 } from "../../support/close.ts";
import { sharedRuntime } from "../../support/shared-runtime.ts";
import { batchAt, openRun } from "../support.ts";

/** Three steps: their losses, the held-out loss after them, and the weights. */
async function trained(options: TrainOptions) {
  const run = openRun(sharedRuntime, { method: "dense", optimizer: "sgd", ...options });
  const before = await run.engine.evaluate([batchAt(99)]);
  const losses = await run.steps(3);
  const after = await run.engine.evaluate([batchAt(99)]);
  const weights = await run.weights();
  await run.engine.release();
  return { before, losses, after, weights };
}

describe.each<TrainOptions>([{ labelSmoothing: 0.2 }, { neftuneAlpha: 5 }])("%j", (options) => {
  it("changes training, not evaluations", async () => {
    const [plain, own] = [await trained({}), await trained(options)];
    expect(own.before).toEqual(plain.before);
    expect(own.losses[0]).not.toBeCloseTo(plain.losses[0] ?? NaN, 3);
    expect(own.weights).not.toEqual(plain.weights);
  });

  it("is the same with the head in chunks", async () => {
    const [whole, chunked] = [
      await trained(options),
      await trained({ ...options, vocabularyChunk: 20 }),
    ];
    expectClose(chunked.losses, whole.losses, FLOAT32);
    expectClose([chunked.after.loss], [whole.after.loss], FLOAT32);
    expect(chunked.after.correct).toBe(whole.after.correct);
  });

  it("is the same with activations kept", async () => {
    const [computed, kept] = [
      await trained(options),
      await trained({ ...options, recompute: "none" }),
    ];
    expectClose(kept.losses, computed.losses, FLOAT32);
  });

  it("is the same run once more, and another with another seed", async () => {
    const [first, again] = [await trained(options), await trained(options)];
    expect(again.weights).toEqual(first.weights);
    expect((await trained({ ...options, seed: 1 })).losses).not.toEqual(first.losses);
  });
});

it("noise differs between micro-steps", async () => {
  const run = openRun(sharedRuntime, { method: "dense", optimizer: "sgd", neftuneAlpha: 5 });
  const losses: number[] = [];
  for (const index of [0, 1, 0]) {
    run.engine.begin({ step: 1, cycle: 0, learningRate: 0, opensCycle: false });
    await run.engine.microStep(batchAt(0), index);
    losses.push((await run.engine.update()).lossSum);
  }
  await run.engine.release();
  expect(losses[2]).toBe(losses[0]);
  expect(losses[1]).not.toBe(losses[0]);
});

it("labels that are weighed are not smoothed", () => {
  const weigh = () => ({ loss: 0, weights: new Float32Array() });
  expect(() => crossEntropy({ weigh, labelSmoothing: 0.1 })).toThrow("got both");
});
