/** @file Three steps of a tiny GPT-2 from memory: weights are drawn, ids made up. The same program in Node and in a browser. */

import { drawWeight, flora, namedOptimizer, openEngine, planParameters } from "flora-train/engine";
import { gpt2 } from "flora-train/models";
import { int32 } from "flora-train/graph";

const [STEPS, MICRO_STEPS, SIZE, LENGTH] = [3, 2, 2, 16];

/**
 * @param {import("flora-train/engine").Runtime} runtime
 * @returns {Promise<number[]>} the mean loss of each step
 */
export async function train(runtime) {
  const model = tinyGpt2();
  const plan = planParameters(model, {
    compressor: flora({ rank: 4 }),
    optimizer: namedOptimizer("adafactor"),
  });
  const shapes = [model.inputTypes(SIZE, LENGTH)];
  const engine = openEngine({ model, plan, runtime, seed: 0, shapes, microSteps: MICRO_STEPS });
  for (const name of model.params.keys()) drawWeight(engine.parts, name);
  const batch = madeUpBatch();
  const losses = [];
  for (let step = 0; step < STEPS; step++) {
    engine.begin({ step: step + 1, cycle: step, learningRate: 0.02, opensCycle: true });
    for (let i = 0; i < MICRO_STEPS; i++) await engine.microStep(batch, step * MICRO_STEPS + i);
    const { lossSum, lossTokens } = await engine.update();
    losses.push(lossSum / lossTokens);
  }
  await engine.release();
  return losses;
}

const tinyGpt2 = () =>
  gpt2({
    vocab_size: 64,
    n_embd: 32,
    n_layer: 2,
    n_head: 2,
    n_positions: 32,
    embd_pdrop: 0,
    attn_pdrop: 0,
    resid_pdrop: 0,
  });

function madeUpBatch() {
  const row = (start) => Array.from({ length: LENGTH }, (_, i) => ((start + i) * 7) % 64);
  const count = SIZE * LENGTH;
  return {
    size: SIZE,
    inputs: { ids: int32([SIZE, LENGTH], Int32Array.from([...row(0), ...row(8)])) },
    targets: Int32Array.from([...row(1), ...row(9)]),
    weights: new Float32Array(count).fill(1),
    tokens: count,
    lossTokens: count,
  };
}
