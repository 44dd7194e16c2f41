/**
 * @file An objective of one's own, without a change of the library: of two answers the better one, by direct preference optimisation
 * (Rafailov et al., NeurIPS 2023, arXiv:2305.18290) with a uniform reference.
 *
 *   L = -log σ(β (log p(chosen) - log p(rejected)))        a batch is rows of which every second one is the rejected answer
 *
 * It is a cross-entropy whose weights depend on the log-probabilities: w = -dL/d log p = ±β σ(-z).
 */

import { cpuRuntime } from "flora-train";
import {
  crossEntropy,
  drawWeight,
  flora,
  namedOptimizer,
  openEngine,
  planParameters,
} from "flora-train/engine";
import { int32 } from "flora-train/graph";
import { gpt2 } from "flora-train/models";

const [PAIRS, LENGTH, BETA] = [4, 12, 0.5];
const sigmoid = (z: number) => 1 / (1 + Math.exp(-z));

const preference = crossEntropy({
  weigh(logProbabilities, { weights }) {
    const summed = (row: number) => {
      let sum = 0;
      for (let t = row * LENGTH; t < (row + 1) * LENGTH; t++) {
        sum += (weights[t] ?? 0) * (logProbabilities[t] ?? 0);
      }
      return sum;
    };
    let loss = 0;
    const own = weights.slice();
    for (let pair = 0; pair < PAIRS; pair++) {
      const z = BETA * (summed(2 * pair) - summed(2 * pair + 1));
      loss += Math.log1p(Math.exp(-z));
      const strength = BETA * sigmoid(-z);
      for (let t = 2 * pair * LENGTH; t < (2 * pair + 2) * LENGTH; t++) {
        own[t] = (own[t] ?? 0) * (t < (2 * pair + 1) * LENGTH ? strength : -strength);
      }
    }
    return { loss, weights: own };
  },
});

const model = gpt2({ vocab_size: 64, n_embd: 32, n_layer: 2, n_head: 2, n_positions: 32 });
const plan = planParameters(model, {
  compressor: flora({ rank: 8 }),
  optimizer: namedOptimizer("adam"),
});
const engine = openEngine({
  model,
  plan,
  runtime: cpuRuntime(),
  seed: 0,
  shapes: [model.inputTypes(2 * PAIRS, LENGTH)],
  microSteps: 1,
  objective: preference,
});
for (const name of model.params.keys()) drawWeight(engine.parts, name);

/** Chosen answers count upwards, rejected ones downwards. */
const tokens = (row: number) =>
  Array.from({ length: LENGTH + 1 }, (_, t) => (row * 5 + (row % 2 === 0 ? t : 40 - t)) % 64);
const rows = Array.from({ length: 2 * PAIRS }, (_, row) => tokens(row));
const batch = {
  size: 2 * PAIRS,
  inputs: {
    ids: int32([2 * PAIRS, LENGTH], Int32Array.from(rows.flatMap((row) => row.slice(0, -1)))),
  },
  targets: Int32Array.from(rows.flatMap((row) => row.slice(1))),
  weights: new Float32Array(2 * PAIRS * LENGTH).fill(1),
  tokens: 2 * PAIRS * LENGTH,
  lossTokens: PAIRS,
};
for (let step = 0; step < Number(process.argv[2] ?? 20); step++) {
  engine.begin({ step: step + 1, cycle: step, learningRate: 1e-2, opensCycle: true });
  await engine.microStep(batch, step);
  const { lossSum, lossTokens } = await engine.update();
  console.log(`step ${step + 1}  preference loss ${(lossSum / lossTokens).toFixed(4)}`);
}
await engine.release();
