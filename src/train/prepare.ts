/** @file From options to everything a run needs: model, data, plan, programs and state. */

import { UsageError } from "../errors.ts";
import type { Model } from "../models/model.ts";
import { modelFromConfig, modelFromScratch } from "../models/registry.ts";
import { cpuRuntime } from "../runtime/node.ts";
import type { Tokenizer } from "../text/index.ts";
import { zeros } from "../tensor/host-tensor.ts";
import { loadWeights, readConfig } from "../weights/index.ts";
import type { TrainConfig } from "./config.ts";
import { loadData, tokenizerOf, type TrainData } from "./data.ts";
import { createDraws } from "./draws.ts";
import type { PipelineParts } from "./parts.ts";
import { type Trainee, traineeOf } from "./method.ts";
import type { Plan } from "./plan.ts";
import { createProgramCache } from "./programs.ts";
import { createSlots } from "./slots.ts";
import { bufferOf, createState, setWeight } from "./state.ts";

export interface Run extends PipelineParts, Trainee {
  readonly tokenizer: Tokenizer;
  readonly data: TrainData;
  /** Whether parameters are updated as soon as their gradient is known. */
  readonly layerwise: boolean;
}

/** The model of the options, without weights. */
export async function modelOf(config: TrainConfig, vocabularySize: number): Promise<Model> {
  const { model } = config;
  if (typeof model === "string") return modelFromConfig(await readConfig(model));
  return modelFromScratch({ vocab_size: vocabularySize, ...model });
}

export function contextLengthOf(config: TrainConfig, model: Model): number {
  const length = config.contextLength ?? model.contextLength;
  if (length <= model.contextLength) return length;
  throw new UsageError(
    `contextLength: the model takes at most ${model.contextLength} tokens; got ${length}`,
  );
}

/** Parameters that are updated as soon as their gradient is known: with one micro-step and nothing to wait for. */
export function immediateParams(
  { model, plan }: { readonly model: Model; readonly plan: Plan },
  config: TrainConfig,
): ReadonlySet<string> {
  if (config.microSteps > 1 || config.maxGradNorm !== undefined) return new Set();
  const { head } = model;
  const uses = model.stages.flatMap(({ params }) => Object.values(params));
  return new Set(
    uses.filter(
      (name) =>
        plan.get(name)?.training !== undefined &&
        uses.indexOf(name) === uses.lastIndexOf(name) &&
        name !== head.weight,
    ),
  );
}

export async function prepare(config: TrainConfig): Promise<Run> {
  const tokenizer = await tokenizerOf(config);
  const base = await modelOf(config, tokenizer.vocabularySize);
  if (tokenizer.vocabularySize > base.vocabularySize) {
    throw new UsageError(
      `tokenizer: the model knows ${base.vocabularySize} tokens` +
        `; got a vocabulary of ${tokenizer.vocabularySize}`,
    );
  }
  const trainee = traineeOf(base, config);
  const { model, plan } = trainee;
  const draws = createDraws(config.seed);
  const contextLength = contextLengthOf(config, model);
  const data = await loadData({ config, tokenizer, model, contextLength, key: draws.dataKey });

  const runtime = cpuRuntime(config.threads === undefined ? {} : { threads: config.threads });
  const immediate = immediateParams(trainee, config);
  const state = createState({ runtime, model, plan, immediate });
  await fillWeights({ config, runtime, base, model, state, draws });
  // Reading and tokenizing leave more garbage than a small model has weights.
  runtime.collectGarbage();
  return {
    ...trainee,
    config,
    tokenizer,
    draws,
    data,
    runtime,
    state,
    shapes: data.shapes,
    layerwise: immediate.size > 0,
    programs: createProgramCache(runtime),
    slots: createSlots(runtime),
  };
}

/** A model from scratch is drawn, and so are the adapters of any model. */
async function fillWeights({
  config,
  runtime,
  base,
  model,
  state,
  draws,
}: Pick<Run, "config" | "runtime" | "base" | "model" | "state" | "draws">): Promise<void> {
  const isLoaded = typeof config.model === "string";
  for (const [name, spec] of model.params) {
    if (isLoaded && base.params.has(name)) continue;
    const fresh =
      state.weights.get(name)?.dtype === "float32" ? undefined : zeros("float32", spec.shape);
    const target = fresh ? runtime.adopt(fresh) : bufferOf(state.weights, name);
    draws.initialize(name, spec, target);
    if (fresh) setWeight(state, name, fresh);
  }
  if (typeof config.model !== "string") return;
  const expected = new Map([...base.params].map(([name, { shape }]) => [name, shape] as const));
  const tensors = await loadWeights(config.model, expected, base.checkpoint);
  for (const [name, tensor] of tensors) setWeight(state, name, tensor);
}
