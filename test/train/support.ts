/** An engine without a tokenizer and a data set: a model from disk, batches by hand. */

import type { Batch } from "../../src/data/index.ts";
import { type Engine, openEngine } from "../../src/engine/engine.ts";
import { drawWeight } from "../../src/engine/parts/initial-weights.ts";
import { gpt2 } from "../../src/models/architectures/gpt2.ts";
import type { InputTypes, Model } from "../../src/models/model.ts";
import { parseConfig, type TrainConfig, type TrainOptions } from "../../src/options/config.ts";
import { bufferOf, restore } from "../../src/runtime/buffers.ts";
import { sharedRuntime } from "../support/shared-runtime.ts";
import { type HostTensor, int32 } from "../../src/tensor/host-tensor.ts";
import { type Trainee, traineeOf } from "../../src/train/setup/method.ts";
import { loadWeights, readConfig } from "../support/on-node.ts";

export interface Parts extends Trainee {
  readonly config: TrainConfig;
  readonly engine: Engine;
}

/** The parts of a run over the tiny GPT-2 that peft has seen too. */
export async function partsOf(options: TrainOptions): Promise<Parts> {
  const directory = "test/golden/peft_base";
  const base = gpt2(await readConfig(directory));
  const shapes = new Map([...base.params].map(([name, { shape }]) => [name, shape] as const));
  return partsOfModel(base, await loadWeights(directory, shapes, base.checkpoint), options);
}

/** The parts of a run over a model with these weights. */
export function partsOfModel(
  base: Model,
  weights: Iterable<readonly [string, HostTensor]>,
  options: TrainOptions,
  shapes: readonly InputTypes[] = [base.inputTypes(1, 8)],
): Parts {
  const config: TrainConfig = parseConfig({ modulesToSave: [], ...options, train: ["unread.txt"] });
  const trainee = traineeOf(base, config);
  const engine = openEngine({
    ...config,
    ...trainee,
    runtime: sharedRuntime,
    shapes,
  });
  for (const name of trainee.model.params.keys()) drawWeight(engine.parts, name);
  for (const [name, tensor] of weights) restore(name, bufferOf(engine.state.weights, name), tensor);
  return { ...trainee, config, engine };
}

/** The gradients of a batch in the accumulators, and its loss. */
export async function accumulate(
  engine: Engine,
  batch: Batch,
  numbers: { readonly cycle?: number; readonly microStep?: number } = {},
): Promise<number> {
  const { cycle = 0, microStep = 0 } = numbers;
  engine.begin({ step: 1, cycle, learningRate: 0, opensCycle: false });
  await engine.microStep(batch, microStep);
  return (await engine.sums()).lossSum;
}

/** Rows of ids as a batch in which every target counts. */
export function batchOf(rows: readonly (readonly number[])[]): Batch {
  const size = rows.length;
  const length = (rows[0]?.length ?? 1) - 1;
  const count = size * length;
  return {
    size,
    inputs: {
      ids: int32([size, length], Int32Array.from(rows.flatMap((row) => row.slice(0, -1)))),
    },
    targets: Int32Array.from(rows.flatMap((row) => row.slice(1))),
    weights: new Float32Array(count).fill(1),
    tokens: count,
    lossTokens: count,
  };
}

/** The numbers of a parameter. */
export const numbersOfParam = async (
  { engine: { state } }: Parts,
  name: string,
): Promise<number[]> => Array.from(await bufferOf(state.weights, name).read(), Number);
