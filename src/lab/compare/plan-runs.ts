/**
 * @file The runs of a comparison: the options of each, and the directory it has for itself.
 *
 * All runs see the same micro-batches in the same order. The budget is counted in micro-batches: without accumulation a step is
 * one of them, so there are `microSteps` times as many steps, and everything that is counted in steps grows with them.
 */

import { option, UsageError } from "../../errors.ts";
import type { FileStore } from "../../host/host.ts";
import { join } from "../../host/path.ts";
import { parseConfig, type TrainConfig, type TrainOptions } from "../../options/config.ts";
import { hasOwnRank } from "../../options/tables/names.ts";
import { settle } from "../../train/choices/settle.ts";
import { modelOf } from "../../train/setup/model.ts";
import { type MethodSpec, NO_ACCUMULATION } from "../suites/method-spec.ts";

/** A run of a comparison, before it is started. */
export interface PlannedRun {
  readonly method: MethodSpec;
  readonly seed: number;
  readonly purpose: "result" | "sweep";
  /** The peak rate. */
  readonly learningRate: number;
  readonly directory: string;
  /** As `flora train` takes them. */
  readonly options: TrainOptions;
}

export interface RunChoice {
  readonly seed: number;
  readonly learningRate: number;
  /** The share of the steps that a run takes whose only purpose is the choice of the rate. */
  readonly sweepShare?: number;
}

/** What is counted in steps. */
const STEP_COUNTS = ["steps", "warmupSteps", "evaluateEvery", "saveEvery"] as const;

/** The options of a method: those of all, then its own. */
export function methodOptions(base: TrainOptions, method: MethodSpec): TrainOptions {
  const { name, rank, options } = method;
  const whole = { ...base, ...options };
  if (name !== NO_ACCUMULATION) {
    // The rank of all runs is not that of a method that has its own.
    const isOther = rank !== undefined || hasOwnRank(name);
    return { ...whole, method: name, ...(isOther && { rank }) };
  }
  const config = parseConfig(base);
  const counts = STEP_COUNTS.flatMap((count) => {
    const steps = config[count];
    return steps === undefined ? [] : [[count, steps * config.microSteps] as const];
  });
  return { ...base, ...Object.fromEntries(counts), ...options, method: "dense", microSteps: 1 };
}

/** What is compared is what the budget leads to, by as much data however long a run is, and nobody reads along. */
const SAME_FOR_ALL = {
  keep: "last",
  samples: 0,
  evaluationBatches: 16,
} as const satisfies TrainOptions;

/** One run of a method. */
export function planRun(
  base: TrainOptions,
  method: MethodSpec,
  output: string,
  { seed, learningRate, sweepShare }: RunChoice,
): PlannedRun {
  const isSweep = sweepShare !== undefined;
  const name = `${method.slug}-s${seed}-lr${learningRate}${isSweep ? "-short" : ""}`;
  const directory = join(output, "runs", name);
  const own = methodOptions(base, method);
  // What is held out is that of the comparison, not of the run.
  const { seed: holdoutSeed = parseConfig({}).seed } = base;
  const options = {
    ...SAME_FOR_ALL,
    ...(seed !== holdoutSeed && { holdoutSeed }),
    ...own,
    learningRate,
    seed,
    output: directory,
  };
  return {
    method,
    seed,
    purpose: isSweep ? "sweep" : "result",
    learningRate,
    directory,
    options: isSweep ? shorten(options, sweepShare) : options,
  };
}

/** The same run with a share of the steps, and one evaluation at the end. */
function shorten(options: TrainOptions, share: number): TrainOptions {
  const { steps, epochs = 1, warmupSteps } = parseConfig(options);
  const short = (count: number) => Math.max(1, Math.ceil(count * share));
  return {
    ...options,
    ...(steps === undefined ? { epochs: epochs * share } : { steps: short(steps) }),
    ...(steps !== undefined && { evaluateEvery: short(steps) }),
    ...(warmupSteps !== undefined && warmupSteps > 0 && { warmupSteps: short(warmupSteps) }),
    saveEvery: 0,
    translations: 0,
  };
}

export interface Rate {
  readonly value: number;
  readonly how: "given" | "usual";
}

/**
 * The peak rate that a method has if no sweep finds a better one.
 *
 * @throws {UsageError | FormatError} if the options do not describe a model.
 */
export async function rateOf(
  files: FileStore,
  base: TrainOptions,
  method: MethodSpec,
): Promise<Rate> {
  const options = methodOptions(base, method);
  const config = parseConfig(options);
  const { learningRate, optimizer } = config;
  if (options["learningRate"] !== undefined && learningRate !== undefined) {
    return { value: learningRate, how: "given" };
  }
  // The demonstration has a rate of its own, for its own optimizer.
  const isItsOwn = learningRate !== undefined && optimizer === parseConfig({}).optimizer;
  if (isItsOwn) return { value: learningRate, how: "usual" };
  const { learningRate: _, ...open } = config;
  // Its vocabulary does not matter.
  const model = await modelOf(files, config, { vocabularySize: 1 });
  return { value: settle(open, model).learningRate, how: "usual" };
}

/**
 * Whether what a log has are the options of a run. Where they leave the rank open, the log has the one that was chosen.
 *
 * @param logged - options as a log has them
 */
export const isSameRun = (
  config: TrainConfig,
  logged: Readonly<Record<string, unknown>>,
): boolean => identityOf({ ...config, rank: config.rank ?? logged["rank"] }) === identityOf(logged);

/** The whole set of options of a run, without what does not change its result. */
const identityOf = (config: Readonly<Record<string, unknown>>): string =>
  canonical({
    ...config,
    output: undefined,
    overwrite: undefined,
    // Decided when a run begins, and no number depends on it.
    recompute: undefined,
    resume: undefined,
  });

/** JSON with sorted keys; what is undefined is left out. */
export function canonical(value: unknown): string {
  return JSON.stringify(value, (_, each: unknown) =>
    typeof each === "object" && each !== null && !Array.isArray(each)
      ? Object.fromEntries(Object.entries(each).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : each,
  );
}

/**
 * Seeds as they are written: how many, from the first on, or a list.
 *
 * @throws {UsageError} if the text is neither.
 */
export function parseSeeds(text: string | undefined, first: number): readonly number[] {
  if (text === undefined) return [first];
  const parts = text.split(",");
  const numbers = parts.map((part) => (/^\d+$/.test(part.trim()) ? Number(part) : Number.NaN));
  const [only = 0] = numbers;
  if (numbers.some((number) => Number.isNaN(number)) || (numbers.length === 1 && only === 0)) {
    throw new UsageError(`seeds: must be a count or a list of whole numbers; got ${text}`, {
      hint: `${option("seeds", "3")} takes three, ${option("seeds", "0,4")} takes these two`,
    });
  }
  const seeds = numbers.length > 1 ? numbers : Array.from({ length: only }, (_, i) => first + i);
  return [...new Set(seeds)];
}
