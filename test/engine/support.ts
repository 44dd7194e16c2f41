/** Engines over a tiny GPT-2 whose weights are drawn, and batches that are made up. */

import { accumulatorOf, type Compression } from "../../src/compress/compressor.ts";
import type { StepRule } from "../../src/compress/flora.ts";
import type { ParamTraining } from "../../src/engine/parts/param-plan.ts";
import type { Updatable } from "../../src/engine/update-programs.ts";
import { mergeSchedule } from "../../src/train/setup/merge-schedule.ts";
import type { Batch } from "../../src/models/batch.ts";
import { type Engine, type EngineOptions, openEngine } from "../../src/engine/engine.ts";
import { drawWeight } from "../../src/engine/parts/initial-weights.ts";
import type { Model } from "../../src/models/model.ts";
import { gpt2 } from "../../src/models/architectures/gpt2.ts";
import { parseConfig, type TrainOptions } from "../../src/options/config.ts";
import { bufferOf } from "../../src/runtime/buffers.ts";
import type { Runtime } from "../../src/runtime/runtime.ts";
import { int32 } from "../../src/tensor/host-tensor.ts";
import { mergeAdapters } from "../../src/train/setup/merge.ts";
import { type Trainee, traineeOf } from "../../src/train/setup/method.ts";

const LENGTH = 16;

export const tiny: Model = gpt2({
  vocab_size: 64,
  n_embd: 32,
  n_layer: 2,
  n_head: 2,
  n_positions: 32,
  embd_pdrop: 0.1,
  attn_pdrop: 0,
  resid_pdrop: 0.1,
});

/** Two rows that follow from the index. */
export function batchAt(index: number, rows = 2): Batch {
  const ids = Int32Array.from({ length: rows * (LENGTH + 1) }, (_, i) => (i * 7 + index * 13) % 64);
  const cut = (from: number) =>
    Int32Array.from({ length: rows * LENGTH }, (_, i) => {
      const row = Math.floor(i / LENGTH);
      return ids[row * (LENGTH + 1) + (i % LENGTH) + from] ?? 0;
    });
  const count = rows * LENGTH;
  return {
    size: rows,
    inputs: { ids: int32([rows, LENGTH], cut(0)) },
    targets: cut(1),
    weights: new Float32Array(count).fill(1),
    tokens: count,
    lossTokens: count,
  };
}

export interface OpenedRun extends Trainee {
  readonly engine: Engine;
  readonly microSteps: number;
  /** Steps of a run, from the first one on; their losses per token. */
  steps(count: number): Promise<number[]>;
  /** All weights, by name. */
  weights(): Promise<Readonly<Record<string, number[]>>>;
}

/** A run of a tiny model with these options. */
export function openRun(
  runtime: Runtime,
  options: TrainOptions,
  own: Partial<EngineOptions> = {},
  model: Model = tiny,
): OpenedRun {
  const config = parseConfig({ rank: 4, modulesToSave: [], ...options, train: ["unread.txt"] });
  const trainee = traineeOf(model, config);
  const shapes = [model.inputTypes(2, LENGTH)];
  const engine = openEngine({ ...config, ...trainee, runtime, shapes, ...own });
  for (const name of trainee.model.params.keys()) drawWeight(engine.parts, name);
  const { microSteps } = config;
  const { resampleEvery } = trainee;
  const merges = mergeSchedule(config, 6);
  return {
    ...trainee,
    engine,
    microSteps,
    async steps(count) {
      const losses: number[] = [];
      for (let step = 0; step < count; step++) {
        const cycle = Math.floor(step / resampleEvery);
        const opensCycle = step % resampleEvery === 0;
        if (step > 0 && opensCycle) await engine.resample(cycle - 1, cycle);
        if (merges && step > 0 && step % merges.every === 0) {
          await mergeAdapters({ ...trainee, config, engine }, merges, step / merges.every);
        }
        engine.begin({ step: step + 1, cycle, learningRate: 0.02, opensCycle });
        for (let i = 0; i < microSteps; i++) {
          const index = step * microSteps + i;
          await engine.microStep(batchAt(index), index);
        }
        const { lossSum, lossTokens } = await engine.update();
        losses.push(lossSum / lossTokens);
      }
      return losses;
    },
    async weights() {
      const all: Record<string, number[]> = {};
      for (const name of trainee.model.params.keys()) {
        all[name] = Array.from(await bufferOf(engine.state.weights, name).read(), Number);
      }
      return all;
    },
  };
}

/** One parameter as an update of it is built, whose accumulator and state go with the rule. */
export function updatable(
  shape: readonly number[],
  rule: StepRule,
  {
    compression,
    sums = "float32",
    dtype = "float32",
    weightUpdate = "nearest",
  }: {
    readonly compression?: Compression | undefined;
    /** How the accumulator is kept. */
    readonly sums?: "float32" | "int8";
  } & Partial<Pick<Updatable, "dtype"> & Pick<ParamTraining, "weightUpdate">> = {},
): Updatable {
  const accumulatorOfRows = (rows: readonly number[]) => accumulatorOf(rows, compression, sums);
  const training: ParamTraining = {
    compression,
    gradientProjection: compression?.projection,
    accumulator: accumulatorOfRows(shape),
    accumulatorOfRows,
    rule,
    state: rule.init(shape),
    rateFactor: 1,
    weightUpdate,
  };
  return { shape, dtype, training };
}
