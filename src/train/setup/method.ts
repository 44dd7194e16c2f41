/**
 * @file What is trained: the model with the adapters of the method, and the plan for its parameters.
 */

import type { RunInputs } from "./inputs.ts";
import type { Plan } from "../../engine/parts/param-plan.ts";
import {
  type Adapter,
  ADAPTER_FAMILY,
  adaptModel,
  adapterNames,
  chooseAdapters,
  isAdapterMethod,
  moduleOf,
  settingsOf,
} from "../../adapters/index.ts";
import { UsageError } from "../../errors.ts";
import { headParams, type Model } from "../../models/model.ts";
import { matches, matchesModule } from "../../nn/patterns.ts";
import { COMPRESSORS } from "../../compress/registry.ts";
import { namedOptimizer } from "../../optim/registry.ts";
import type { TrainConfig } from "../../options/config.ts";
import { EVERYTHING, planParameters, type PlanOptions, type Trainable } from "../../engine/plan.ts";
import { isNewTask } from "../../options/task.ts";

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
export function traineeOf(base: Model, config: TrainConfig, inputs: RunInputs = {}): Trainee {
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
export function planOptionsOf(config: TrainConfig, inputs: RunInputs = {}): PlanOptions {
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

/** Adapters are trained, and of the model what is asked for; LoRA+ trains B faster than A. */
function adapterTraining(
  base: Model,
  adapters: readonly Adapter[],
  config: TrainConfig,
): Trainable {
  if (!isAdapterMethod(config.method)) return EVERYTHING;
  const { trainsA, hasRateRatio } = ADAPTER_FAMILY[config.method];
  const targets = new Set(adapters.map(({ weight }) => weight));
  const names = adapters.map(({ weight }) => adapterNames(weight));
  const [as, bs] = [new Set(names.map(({ a }) => a)), new Set(names.map(({ b }) => b))];
  const saved = savedParams(base, targets, config);
  return {
    frozen(name) {
      if (bs.has(name) || saved.has(name)) return undefined;
      if (as.has(name)) return trainsA ? undefined : "drawn once";
      return targets.has(name) ? "adapted" : "not adapted";
    },
    rateFactor: (name) => (hasRateRatio && bs.has(name) ? config.rateRatio : 1),
  };
}

/** Parameters that are trained whole beside the adapters. A random embedding that is frozen would learn nothing. */
function savedParams(
  base: Model,
  targets: ReadonlySet<string>,
  { modulesToSave, model, method, task }: TrainConfig,
): ReadonlySet<string> {
  const names = [...base.params.keys()];
  if (!modulesToSave) {
    const all = typeof model !== "string" || method === "relora";
    const saved = all ? names : headOfTask(base, task);
    return new Set(saved.filter((name) => !targets.has(name)));
  }
  const fits = (pattern: string) => names.filter((name) => matchesModule(pattern, ownerOf(name)));
  for (const pattern of modulesToSave) {
    const found = fits(pattern);
    if (found.length === 0) {
      throw new UsageError(`modulesToSave: no module matches "${pattern}"`);
    }
    const adapted = found.find((name) => targets.has(name));
    if (adapted === undefined) continue;
    throw new UsageError(
      `modulesToSave: ${moduleOf(adapted)} has an adapter already; got "${pattern}"`,
      { hint: "name it in modulesToSave or in targets, not in both" },
    );
  }
  return new Set(modulesToSave.flatMap(fits));
}

/** What may be new, and so would learn nothing if it were frozen; and the head of a classifier, which peft trains whole too. */
function headOfTask(base: Model, task: TrainConfig["task"]): readonly string[] {
  const isClassifier = base.task === "classification" || base.task === "image-classification";
  const ofClasses = isClassifier ? headParams(base) : [];
  const patterns = isNewTask(task) ? (base.checkpoint.optional ?? []) : [];
  const fits = (name: string) => patterns.some((pattern) => matchesModule(pattern, name));
  return [...base.params.keys()].filter((name) => ofClasses.includes(name) || fits(name));
}

/** The module that a parameter belongs to. */
const ownerOf = (name: string): string => name.replace(/\.[^.]*$/, "");
