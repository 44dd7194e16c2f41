/**
 * @file What is trained: the model with the adapters of the method, and the plan for its parameters.
 */

import { adaptModel } from "../../adapters/adapt.ts";
import { type Adapter, moduleOf, weightBeneath } from "../../adapters/adapter.ts";
import type { Growth } from "../../adapters/grow.ts";
import { ADAPTER_FAMILY, isAdapterMethod } from "../../adapters/methods.ts";
import { settingsOf } from "../../adapters/peft.ts";
import { chooseAdapters } from "../../adapters/targets.ts";
import { COMPRESSORS } from "../../compress/methods/registry.ts";
import type { Plan } from "../../engine/parts/param-plan.ts";
import { planParameters, type PlanOptions } from "../../engine/plan.ts";
import { option, UsageError } from "../../errors.ts";
import { type Model, tiedHead } from "../../models/model.ts";
import { matches } from "../../nn/patterns.ts";
import type { Optimizer } from "../../optim/optimizer.ts";
import { namedOptimizer, OPTIMIZERS } from "../../optim/registry.ts";
import { isNewTask } from "../../options/task.ts";
import type { TrainConfig } from "../../options/train-config.ts";
import type { NewTokens } from "../../adapters/token-rows.ts";
import { adapterTraining, newTokensOf } from "./adapter-training.ts";
import type { RunInputs } from "./inputs.ts";
import { trainableOf } from "./trainable.ts";
import { settle, type SettledConfig } from "../choices/settle.ts";

export interface Trainee {
  /** The model as it is on disk. */
  readonly base: Model;
  /** Empty where weights are trained themselves. */
  readonly adapters: readonly Adapter[];
  /** The base with its adapters. */
  readonly model: Model;
  /** Absent unless the vocabulary of a checkpoint grows. */
  readonly growth?: Growth | undefined;
  /** New tokens whose rows are trained, and saved, beside adapters. */
  readonly newTokens?: NewTokens | undefined;
  readonly plan: Plan;
  /** Steps between projections. */
  readonly resampleEvery: number;
}

/**
 * The trainee of a method.
 *
 * @throws {UsageError} if patterns match nothing, or a setting would diverge.
 */
export function traineeOf(
  base: Model,
  given: TrainConfig,
  inputs: RunInputs = {},
  growth?: Growth,
): Trainee {
  const config = settle(given, base, inputs);
  const { method } = config;
  const options = planOptionsOf(config, inputs);
  const { resampleEvery } = options.compressor;
  checkPatterns(base, config);
  checkBase(config);
  checkStart(config);
  if (!isAdapterMethod(method)) {
    const plan = planParameters(base, { ...options, trainable: trainableOf(base, config) });
    return { base, adapters: [], model: base, growth, plan, resampleEvery };
  }
  const { hasMagnitude } = ADAPTER_FAMILY[method];
  const adapters = chooseAdapters(base, { ...config, hasMagnitude });
  checkTable(base, adapters, config);
  const model = adaptModel(base, adapters);
  const ofMethod = adapterTraining(base, adapters, config, growth);
  const trainable = trainableOf(model, config, ofMethod);
  const saved = [...base.params.keys()].filter(
    (name) => ofMethod.frozen(name) === undefined && ofMethod.rows?.(name) === undefined,
  );
  const newTokens = newTokensOf(growth, saved);
  if (leavesAdapters(config)) {
    settingsOf(base, adapters, saved, newTokens);
    const half = saved.find((name) => trainable.frozen(name) !== undefined);
    if (half !== undefined) {
      throw new UsageError(
        `${option("freeze")}: what is trained beside adapters is saved whole; got ${half}`,
        { hint: `leave it out of ${option("modulesToSave")}` },
      );
    }
  }
  const plan = planParameters(model, { ...options, trainable });
  return { base, adapters, model, growth, newTokens, plan, resampleEvery };
}

/** @throws {UsageError} if a method takes a table of tokens for a linear map, whose A begins at random, or would merge it into another map. */
function checkTable(base: Model, adapters: readonly Adapter[], config: TrainConfig): void {
  const { method } = config;
  const table = adapters.find(({ isEmbedding }) => isEmbedding);
  if (table && method !== "lora" && method !== "dora") {
    throw new UsageError(
      `${option("targets")}: the table of tokens has an adapter with lora and dora alone; got ${moduleOf(table.weight)} with ${method}`,
      { hint: `take ${option("method", "lora")}, or leave it out` },
    );
  }
  const tied = tiedHead(base);
  const shared = adapters.find((adapter) => weightBeneath(base, adapter) === tied);
  if (tied === undefined || !shared || leavesAdapters(config)) return;
  throw new UsageError(
    `${option("targets")}: the table of tokens is also the output embedding, and a whole model has one of both; got ${moduleOf(shared.weight)}`,
    { hint: `take ${option("method", "lora")} on a model that is on disk, or leave it out` },
  );
}

/** What the options say of the plan. */
export function planOptionsOf(config: SettledConfig, inputs: RunInputs = {}): PlanOptions {
  const { method, maxGradNorm, skipSpikes } = config;
  const name = isAdapterMethod(method) ? "dense" : method;
  const optimizer = optimizerOf(config, inputs);
  const resampleEvery =
    config.resampleEvery ??
    (COMPRESSORS[name].ownMoments === undefined ? optimizer.resampleEvery : undefined);
  return {
    ...config,
    compressor: inputs.compressor ?? COMPRESSORS[name].create({ ...config, resampleEvery }),
    optimizer,
    keepsGradientsApart: maxGradNorm !== undefined || skipSpikes > 0,
  };
}

function optimizerOf(
  { optimizer: name, weightDecay, noDecay, hyperparameters }: TrainConfig,
  { optimizer: own }: RunInputs,
): Optimizer {
  if (noDecay.length === 0) return own ?? namedOptimizer(name, { weightDecay, hyperparameters });
  const decay = own ? 0 : (weightDecay ?? OPTIMIZERS[name].usualDecay ?? 0);
  if (decay === 0) {
    const what = own ? "an optimizer of one's own decays as it likes" : `${name} decays nothing`;
    throw new UsageError(`${option("noDecay")}: ${what}; got ${noDecay.join(", ")}`, {
      hint: `leave it out, or give a ${option("weightDecay")} to a named ${option("optimizer")}`,
    });
  }
  return namedOptimizer(name, {
    weightDecay,
    hyperparameters,
    isSpared: (param) => noDecay.some((pattern) => matches(pattern, param)),
  });
}

/** @throws {UsageError} if a base is to be rounded that is changed by the run, or saved by it; or multiplied in eight bits, and is not in them. */
function checkBase(config: TrainConfig): void {
  const { baseDtype, compute, method, weightDtype } = config;
  if (compute === "int8" && baseDtype !== "int8") {
    const got = `got a base in ${baseDtype ?? weightDtype}`;
    throw new UsageError(`${option("compute")}: int8 is for a base that rests in int8; ${got}`, {
      hint: `take ${option("baseDtype", "int8")}, or leave it out`,
    });
  }
  if (baseDtype === undefined || leavesAdapters(config)) return;
  const changes = isAdapterMethod(method)
    ? "leaves a whole model, in which the base is saved too"
    : "trains the base itself";
  const half = weightDtype === "float32" ? `, or ${option("weightDtype", "bfloat16")}` : "";
  throw new UsageError(`${option("baseDtype")}: ${method} ${changes}; got ${baseDtype}`, {
    hint: `take ${option("method", "lora")} on a model that is on disk${half}`,
  });
}

/** @throws {UsageError} if adapters are to begin with principal components that do not begin with nothing added. */
function checkStart(config: TrainConfig): void {
  const { initAdapter, method } = config;
  if (initAdapter === "random") return;
  const isPlain = method === "lora" || method === "lora-fa" || method === "lora+";
  if (isPlain && leavesAdapters(config)) return;
  throw new UsageError(
    `${option("initAdapter")}: ${initAdapter} is for lora, lora-fa and lora+ on a model that is on disk; got ${option("method")} ${method}`,
    { hint: `leave it out, or take ${option("method", "lora")}` },
  );
}

function checkPatterns(model: Model, { include, exclude }: TrainConfig): void {
  for (const pattern of [...include, ...exclude]) {
    const known = [...model.params.keys()].some((name) => matches(pattern, name));
    if (!known) throw new UsageError(`include, exclude: no parameter matches "${pattern}"`);
  }
}

/** Whether a run leaves adapters: those of a model that is on disk and was not changed itself, nor for another task. */
export const leavesAdapters = ({ method, model, task }: TrainConfig): boolean =>
  isAdapterMethod(method) &&
  !ADAPTER_FAMILY[method].merge &&
  typeof model === "string" &&
  !isNewTask(task);
