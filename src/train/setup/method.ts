/**
 * @file What is trained: the model with the adapters of the method, and the plan for its parameters.
 */

import { adaptModel } from "../../adapters/adapt.ts";
import type { Adapter } from "../../adapters/adapter.ts";
import { ADAPTER_FAMILY, isAdapterMethod } from "../../adapters/methods.ts";
import { settingsOf } from "../../adapters/peft.ts";
import { chooseAdapters } from "../../adapters/targets.ts";
import { COMPRESSORS } from "../../compress/registry.ts";
import type { Plan } from "../../engine/parts/param-plan.ts";
import { planParameters, type PlanOptions } from "../../engine/plan.ts";
import { UsageError } from "../../errors.ts";
import type { Model } from "../../models/model.ts";
import { matches } from "../../nn/patterns.ts";
import { namedOptimizer } from "../../optim/registry.ts";
import { isNewTask } from "../../options/task.ts";
import type { TrainConfig } from "../../options/train-config.ts";
import { adapterTraining } from "./adapter-training.ts";
import type { RunInputs } from "./inputs.ts";
import { settle, type SettledConfig } from "../choices/settle.ts";

export interface Trainee {
  /** The model as it is on disk. */
  readonly base: Model;
  /** Empty where weights are trained themselves. */
  readonly adapters: readonly Adapter[];
  /** The base with its adapters. */
  readonly model: Model;
  readonly plan: Plan;
  /** Steps between projections. */
  readonly resampleEvery: number;
}

/**
 * The trainee of a method.
 *
 * @throws {UsageError} if patterns match nothing, or a setting would diverge.
 */
export function traineeOf(base: Model, given: TrainConfig, inputs: RunInputs = {}): Trainee {
  const config = settle(given, base, inputs);
  const { method } = config;
  const options = planOptionsOf(config, inputs);
  const { resampleEvery } = options.compressor;
  checkPatterns(base, config);
  if (!isAdapterMethod(method)) {
    const plan = planParameters(base, options);
    return { base, adapters: [], model: base, plan, resampleEvery };
  }
  const adapters = chooseAdapters(base, config);
  const model = adaptModel(base, adapters);
  const trainable = adapterTraining(base, adapters, config);
  if (leavesAdapters(config)) {
    const saved = [...base.params.keys()].filter((name) => trainable.frozen(name) === undefined);
    settingsOf(base, adapters, saved);
  }
  const plan = planParameters(model, { ...options, trainable });
  return { base, adapters, model, plan, resampleEvery };
}

/** What the options say of the plan. */
export function planOptionsOf(config: SettledConfig, inputs: RunInputs = {}): PlanOptions {
  const { method, optimizer, weightDecay, hyperparameters } = config;
  const name = isAdapterMethod(method) ? "dense" : method;
  return {
    ...config,
    compressor: inputs.compressor ?? COMPRESSORS[name].create(config),
    optimizer: inputs.optimizer ?? namedOptimizer(optimizer, { weightDecay, hyperparameters }),
  };
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
