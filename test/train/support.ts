/** A run without a tokenizer and a data set: a model from disk, batches by hand. */

import { gpt2 } from "../../src/models/architectures/gpt2.ts";
import type { Model } from "../../src/models/model.ts";
import { cpuRuntime } from "../../src/runtime/node.ts";
import { parseConfig, type TrainConfig, type TrainOptions } from "../../src/options/config.ts";
import type { Batch } from "../../src/data/index.ts";
import { createDraws } from "../../src/engine/draws.ts";
import { type Trainee, traineeOf } from "../../src/train/method.ts";
import type { PipelineParts } from "../../src/engine/parts.ts";
import { immediateParams } from "../../src/train/prepare.ts";
import { createProgramCache } from "../../src/runtime/programs.ts";
import { createSlots } from "../../src/runtime/slots.ts";
import { bufferOf, createState, restore } from "../../src/engine/state.ts";
import { type HostTensor, int32 } from "../../src/tensor/host-tensor.ts";
import { loadWeights, readConfig } from "../support/on-node.ts";

export type Parts = PipelineParts & Trainee & { readonly config: TrainConfig };

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
): Parts {
  const config: TrainConfig = parseConfig({ modulesToSave: [], ...options, train: ["unread.txt"] });
  const trainee = traineeOf(base, config);
  const runtime = cpuRuntime({ threads: 1 });
  const draws = createDraws(config.seed);
  const { model, plan } = trainee;
  const immediate = immediateParams(trainee, config);
  const state = createState({ runtime, model, plan, immediate });
  for (const [name, spec] of model.params) {
    draws.initialize(name, spec, bufferOf(state.weights, name));
  }
  for (const [name, tensor] of weights) restore(name, bufferOf(state.weights, name), tensor);
  return {
    ...trainee,
    config,
    runtime,
    state,
    draws,
    recompute: config.recompute,
    vocabularyChunk: config.vocabularyChunk,
    shapes: [model.inputTypes(1, 8)],
    programs: createProgramCache(runtime),
    slots: createSlots(runtime),
  };
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
export const numbersOfParam = async ({ state }: Parts, name: string): Promise<number[]> =>
  Array.from(await bufferOf(state.weights, name).read(), Number);
