/** @file What is trained beside adapters, and how fast. */

import { adapterNames, moduleOf, weightBeneath, type Adapter } from "../../adapters/adapter.ts";
import { type Growth, vocabularyParams } from "../../adapters/grow.ts";
import { ADAPTER_FAMILY, isAdapterMethod } from "../../adapters/methods.ts";
import type { NewTokens } from "../../adapters/token-rows.ts";
import { EVERYTHING, type Trainable } from "../../engine/plan.ts";
import { option, UsageError } from "../../errors.ts";
import { headParams, type Model } from "../../models/model.ts";
import { matchesModule } from "../../nn/patterns.ts";
import { isNewTask } from "../../options/task.ts";
import type { TrainConfig } from "../../options/train-config.ts";

/** Adapters are trained, and of the model what is asked for; LoRA+ trains B faster than A. */
export function adapterTraining(
  base: Model,
  adapters: readonly Adapter[],
  config: TrainConfig,
  growth?: Growth,
): Trainable {
  if (!isAdapterMethod(config.method)) return EVERYTHING;
  const { trainsA, hasRateRatio } = ADAPTER_FAMILY[config.method];
  const beneath = (adapter: Adapter): string => weightBeneath(base, adapter);
  const targets = new Set(adapters.map(beneath));
  const names = adapters.map(adapterNames);
  const [as, bs] = [new Set(names.map(({ a }) => a)), new Set(names.map(({ b }) => b))];
  const lengths = new Set(names.map(({ m }) => m));
  const initial = new Set(names.flatMap(({ a0, b0 }) => [a0, b0]));
  const saved = savedParams(base, targets, config);
  const grown = growth ? [...vocabularyParams(growth.stored)] : [];
  const adapted = adapters.find((adapter) => grown.includes(beneath(adapter)));
  if (adapted) {
    throw new UsageError(
      `${option("chatTemplate")}: its marks are new tokens, whose rows of ${moduleOf(beneath(adapted))} are trained beside adapters, not by one`,
      { hint: `leave ${moduleOf(adapted.weight)} out of ${option("targets")}` },
    );
  }
  const inRows = new Set(grown.filter((name) => !saved.has(name)));
  return {
    frozen(name) {
      const isTrained = bs.has(name) || lengths.has(name) || saved.has(name) || inRows.has(name);
      if (isTrained) return undefined;
      if (as.has(name)) return trainsA ? undefined : "drawn once";
      if (initial.has(name)) return "as it began";
      return targets.has(name) ? "adapted" : "not adapted";
    },
    rateFactor: (name) => (hasRateRatio && bs.has(name) ? config.rateRatio : 1),
    rows: (name) => (inRows.has(name) ? growth?.tokens : undefined),
  };
}

/** New tokens that adapters come with: those of tables that are not saved whole. */
export function newTokensOf(
  growth: Growth | undefined,
  saved: readonly string[],
): NewTokens | undefined {
  if (!growth) return undefined;
  const tables = [...vocabularyParams(growth.stored)].filter((name) => !saved.includes(name));
  return tables.length === 0 ? undefined : { tokens: growth.tokens, tables };
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
      throw new UsageError(`${option("modulesToSave")}: no module matches "${pattern}"`);
    }
    const adapted = found.find((name) => targets.has(name));
    if (adapted === undefined) continue;
    throw new UsageError(
      `${option("modulesToSave")}: ${moduleOf(adapted)} has an adapter already; got "${pattern}"`,
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
