/** @file Three steps of a tiny GPT-2 from memory: weights are drawn, ids made up. The same program in Node and in a browser. */

import {
  bufferOf,
  createDraws,
  createOptimizer,
  createPipeline,
  createState,
} from "flora-train/engine";
import { gpt2 } from "flora-train/models";
import { int32 } from "flora-train/tensor";
import { parseConfig } from "../../dist/options/config.js";
import { createProgramCache } from "../../dist/runtime/programs.js";
import { createSlots } from "../../dist/runtime/slots.js";
import { traineeOf } from "../../dist/train/method.js";

const [STEPS, MICRO_STEPS, SIZE, LENGTH] = [3, 2, 2, 16];

/**
 * @param {import("flora-train/runtime").Runtime} runtime
 * @returns {Promise<number[]>} the mean loss of each step
 */
export async function train(runtime) {
  const config = parseConfig({
    train: "unread.txt",
    rank: 4,
    batchSize: SIZE,
    microSteps: MICRO_STEPS,
  });
  const trainee = traineeOf(tinyGpt2(), config);
  const { model, plan } = trainee;
  const draws = createDraws(config.seed);
  const state = createState({ runtime, model, plan, immediate: new Set() });
  for (const [name, spec] of model.params) {
    draws.initialize(name, spec, bufferOf(state.weights, name));
  }
  const parts = {
    ...trainee,
    runtime,
    state,
    draws,
    recompute: config.recompute,
    vocabularyChunk: config.vocabularyChunk,
    shapes: [model.inputTypes(SIZE, LENGTH)],
    programs: createProgramCache(runtime),
    slots: createSlots(runtime),
  };
  const pipeline = createPipeline(parts);
  const optimizer = createOptimizer(parts);
  const batch = madeUpBatch();
  const losses = [];
  for (let step = 0; step < STEPS; step++) {
    let sum = 0;
    for (let i = 0; i < MICRO_STEPS; i++) {
      sum += await pipeline.microStep(batch, { cycle: step, microStep: step * MICRO_STEPS + i });
    }
    const gradientScale = 1 / (MICRO_STEPS * batch.lossTokens);
    await optimizer.applyAll({ step: step + 1, cycle: step, learningRate: 0.02, gradientScale });
    losses.push(sum * gradientScale);
  }
  await parts.programs.release();
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
