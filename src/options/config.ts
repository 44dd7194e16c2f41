/**
 * @file The options of a training run: one flat list, the same in a YAML file, on the command line and in code. They are checked by
 * their table, and completed with its defaults, those of the method, and those of the demonstration.
 */

import { keepsStateInSubspaces } from "../compress/in-projected-space.ts";
import { namedOptimizer, OPTIMIZER_NAMES } from "../optim/registry.ts";
import { ADAPTER_FAMILY, isAdapterMethod } from "../adapters/methods.ts";
import type { OwnMoments } from "../compress/methods/definition.ts";
import { COMPRESSORS } from "../compress/methods/registry.ts";
import { option, UsageError } from "../errors.ts";
import { OPTIONS } from "./option-table.ts";
import type { Method } from "./tables/names.ts";
import type { Option } from "./tables/option.ts";
import { optionError } from "./tables/problems.ts";
import { problemsOf } from "./tables/schema.ts";
import type { TrainConfig } from "./train-config.ts";

export { type Method, methodLabel, METHODS } from "./tables/names.ts";
export type { TrainConfig } from "./train-config.ts";

export type ProjectionSide = TrainConfig["side"];

/** The value of an option as it is written: where it is a list, a text may stand for it. */
export type Listed<Value> = Value extends readonly string[] ? Value | string : Value;

/** Options as they are written: none must be given, and a text may stand for a list. */
export type TrainOptions = {
  readonly [Name in keyof TrainConfig]?: Listed<TrainConfig[Name]> | undefined;
};

/** What differs without data: a model that learns the built-in grammar in one to three minutes on two cores. */
const DEMONSTRATION: TrainOptions = {
  tokenizer: "bpe:900",
  model: { n_embd: 128, n_layer: 3, n_head: 4, n_positions: 64 },
  rank: 32,
  batchSize: 64,
  steps: 1000,
  learningRate: 0.03,
  schedule: "linear",
  warmupSteps: 50,
  output: "runs/demonstration",
};

/** Its rate where updates do not go by the size of a weight: under Muon 0.16 after 300 steps, at 0.03 0.27. */
const DEMONSTRATION_BY_MOMENTS: TrainOptions = { learningRate: 0.01 };

/** What differs where a model is made for the data. */
const OWN_DATA: TrainOptions = { tokenizer: "bpe:2000" };

/**
 * Checks options and fills in defaults; without data, those of the demonstration.
 *
 * @throws {UsageError} with all that is wrong: each option, what came and what is allowed.
 */
export function parseConfig(options: TrainOptions): TrainConfig {
  const given = withoutAbsent(checkOptions({ ...options }));
  const isDemonstration = given.train === undefined && typeof given.model !== "string";
  const isUnnamed = typeof given.model !== "string" && Object.keys(given.model ?? {}).length === 0;
  const usual = isDemonstration ? DEMONSTRATION : isUnnamed ? OWN_DATA : {};
  const isOfMoments = given.optimizer === "muon" || ownMomentsOf(given.method) !== undefined;
  const own = isDemonstration && isOfMoments ? DEMONSTRATION_BY_MOMENTS : {};
  const chosen = { ...usual, ...own, ...given };
  const config = Object.fromEntries(
    Object.entries({ ...DEFAULTS, ...methodDefaults(chosen), ...chosen }).map(
      ([name, value]) => [name, whole(value, OPTIONS[name])] as const,
    ),
  );
  if (!isComplete(config)) throw new Error("internal: a configuration lacks an option");
  checkMoments(config);
  checkGiven(config, given);
  if (config.keepOptimizer && config.from === undefined) {
    throw new UsageError(
      `${option("keepOptimizer")}: needs ${option("from")}, the run whose optimizer it is; got none`,
    );
  }
  return config;
}

/**
 * Options from outside, where no compiler has seen them, as what they are once they are found to be right.
 *
 * @throws {UsageError} as `parseConfig` does.
 */
export function checkOptions(options: Readonly<Record<string, unknown>>): TrainOptions {
  if (isRight(options)) return options;
  throw optionError(problemsOf(OPTIONS, options), { table: OPTIONS });
}

/** The type was written from the table that the check is made from. */
const isRight = (options: object): options is TrainOptions =>
  problemsOf(OPTIONS, { ...options }).length === 0;

/** Whether right options are all there. */
const isComplete = (options: object): options is TrainConfig =>
  Object.entries(OPTIONS).every(
    ([name, { default: byDefault, byMethod }]) =>
      name in options || (byDefault === undefined && !byMethod),
  );

const DEFAULTS = Object.fromEntries(
  Object.entries(OPTIONS).flatMap(([name, { default: byDefault }]) =>
    byDefault === undefined ? [] : [[name, byDefault] as const],
  ),
);

function methodDefaults(options: TrainOptions): TrainOptions {
  const { method = "flora" } = options;
  const ownMoments = ownMomentsOf(method);
  const { optimizer = ownMoments?.optimizer ?? "adafactor" } = options;
  return {
    alpha: ownMoments?.alpha ?? ADAPTER_FAMILY[isAdapterMethod(method) ? method : "lora"].alpha,
    optimizer,
    // As the papers have it of the neighbours that draw theirs.
    projection: ownMoments ? "gaussian" : "orthonormal",
  };
}

const ownMomentsOf = (method: Method = "flora"): OwnMoments | undefined =>
  isAdapterMethod(method) ? undefined : COMPRESSORS[method].ownMoments;

/** What is undefined is not given. */
const withoutAbsent = (options: TrainOptions): TrainOptions =>
  Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));

/** A list where a text stands for one. */
function whole(value: unknown, entry: Option | undefined): unknown {
  if (typeof value !== "string") return value;
  if (entry?.kind === "paths") return [value];
  return entry?.kind === "list" ? value.split(",").filter((pattern) => pattern !== "") : value;
}

/** @throws {UsageError} if moments shall live in a subspace that cannot, or beside another momentum. */
function checkMoments({ compressMoments, method, optimizer, momentum }: TrainConfig): void {
  const own = ownMomentsOf(method);
  const hasOwn = own !== undefined;
  if (!compressMoments && !hasOwn) return;
  const fitting =
    own?.optimizers ??
    OPTIMIZER_NAMES.filter((name) =>
      Object.values(namedOptimizer(name).rules).every(keepsStateInSubspaces),
    );
  const fits = fitting.includes(optimizer) && momentum === 0;
  if (hasOwn) {
    if (fits && !compressMoments) return;
    throw new UsageError(
      `${option("method", method)}: has the moments of ${option("optimizer")} ${fitting.join(" or ")} in its subspaces, and no others` +
        `; got ${optimizer}, momentum ${momentum}${compressMoments ? ", compressed moments" : ""}`,
      { hint: `leave ${option("momentum")} and ${option("compressMoments")} out` },
    );
  }
  if (method === "flora" && fits) return;
  throw new UsageError(
    `${option("compressMoments")}: needs ${option("method")} flora, ${option("optimizer")} ${fitting.join(" or ")}, and no momentum of its own` +
      `; got ${method}, ${optimizer}, momentum ${momentum}`,
  );
}

/** @throws {UsageError} if a family is named that nothing is drawn from, or a rank or an interval that is not the method's. */
function checkGiven(
  { method }: TrainConfig,
  { projection, rank, resampleEvery }: TrainOptions,
): void {
  if (isAdapterMethod(method)) return;
  const { follows = false, isLearned = follows, rank: own } = COMPRESSORS[method];
  if (follows && resampleEvery !== undefined) {
    throw new UsageError(
      `${option("resampleEvery")}: ${method} follows its subspaces in every step; got ${resampleEvery}`,
      { hint: "leave it out, or take another method" },
    );
  }
  if (own !== undefined && (rank ?? own) !== own) {
    throw new UsageError(`${option("rank")}: ${method} has rank ${own}; got ${rank}`, {
      hint: "leave it out, or take another method",
    });
  }
  if (!isLearned || projection === undefined) return;
  throw new UsageError(
    `${option("projection")}: ${method} learns its projections from gradients; got ${projection}`,
    { hint: `leave it out, or take ${option("method", "flora")}` },
  );
}
