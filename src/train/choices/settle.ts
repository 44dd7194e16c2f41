/** @file What the options of a run leave open until its model is known: the rank, and the peak learning rate. */

import { ADAPTER_FAMILY, isAdapterMethod } from "../../adapters/methods.ts";
import { COMPRESSORS } from "../../compress/methods/registry.ts";
import type { Model } from "../../models/model.ts";
import type { Optimizer } from "../../optim/optimizer.ts";
import { type Trained, usualLearningRate } from "../../optim/registry.ts";
import type { TrainConfig } from "../../options/train-config.ts";

/** Options of which nothing is open. */
export interface SettledConfig extends TrainConfig {
  readonly rank: number;
  readonly learningRate: number;
}

/** What may stand in place of what options name. */
interface Given {
  readonly model?: unknown;
  readonly optimizer?: Pick<Optimizer, "usualRate"> | undefined;
}

/** Of FLORA, in a model that is wide enough. */
const FLORA_RANK = 128;

/** What of a model's width a rank may be that compresses. */
const WIDTH_SHARE = 1 / 4;

/** Of a rate, for preferences: TRL's usual rates are 1e-6 for DPO and ORPO, and 2e-5 for answers. */
const PREFERENCE_SHARE = 1 / 20;

export function settle(
  config: TrainConfig,
  { width }: Pick<Model, "width">,
  inputs: Given = {},
): SettledConfig {
  const { method, optimizer } = config;
  const own = isAdapterMethod(method) ? undefined : COMPRESSORS[method].rank;
  const usual = isAdapterMethod(method) ? ADAPTER_FAMILY[method].rank : FLORA_RANK;
  const fitting = Math.max(1, Math.floor(width * WIDTH_SHARE));
  return {
    ...config,
    rank: own ?? config.rank ?? Math.min(usual, fitting),
    learningRate:
      config.learningRate ??
      inputs.optimizer?.usualRate ??
      usualLearningRate(optimizer, trainedBy(config, inputs), width) *
        (config.task === "preference" ? PREFERENCE_SHARE : 1),
  };
}

/** What a run trains, as far as rates depend on it. */
export function trainedBy(
  { method, model }: Pick<TrainConfig, "method" | "model">,
  inputs: Pick<Given, "model"> = {},
): Trained {
  if (isAdapterMethod(method)) return "adapters";
  return typeof model === "string" || inputs.model ? "tuning" : "scratch";
}
