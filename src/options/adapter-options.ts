/** @file The options of adapters. */

import { ADAPTER_STARTS } from "../adapters/methods.ts";
import type { OptionTable } from "./tables/option.ts";

/** In the order of the help. */
export const ADAPTER_OPTIONS: OptionTable = {
  alpha: {
    kind: "number",
    above: 0,
    byMethod: true,
    help: "scale of an adapter, times its rank, 32 for relora, 16 for cola, else 8; or of updates, 1/4 for galore, fira, compact and lora-pre, 1 for apollo, gum and ldadam, 11.3 for apollo-mini",
  },
  initAdapter: {
    kind: "choice",
    choices: ADAPTER_STARTS,
    default: "random",
    help: "where adapters begin: A at random and B with zeros, or both with the principal components of their weights, pissa",
  },
  targets: {
    kind: "list",
    default: ["*"],
    help: "linear maps that get adapters, by name patterns",
  },
  modulesToSave: {
    kind: "list",
    help: "modules that are trained whole beside adapters; from scratch and for relora all, else none",
  },
  rankPattern: {
    kind: "table",
    above: 0,
    default: {},
    help: "ranks of the modules that fit a pattern",
  },
  alphaPattern: {
    kind: "table",
    above: 0,
    default: {},
    help: "alphas of the modules that fit a pattern",
  },
  rateRatio: { kind: "number", above: 0, default: 16, help: "lora+: rate of B, in units of A's" },
  mergeEvery: {
    kind: "integer",
    above: 0,
    help: "steps between merges; relora 1000, plora a quarter of the run, cola a third",
  },
  restartWarmupSteps: {
    kind: "integer",
    min: 0,
    help: "relora: steps of warm-up after a merge; 100, or a tenth of mergeEvery if less",
  },
  pruneState: {
    kind: "number",
    min: 0,
    max: 1,
    default: 0.999,
    help: "relora: share of the adapters' optimizer state that a merge sets to 0",
  },
  unloadFraction: {
    kind: "number",
    above: 0,
    max: 1,
    default: 1,
    help: "plora: part of an adapter that a merge moves into the weight",
  },
};
