/**
 * @file The options of a training run: one flat list, the same in a YAML file, on the command line and in code.
 *
 * Every option has a default, a range and a sentence; the command line's help and messages are made from them.
 */

import { z } from "zod";
import { UsageError } from "../errors.ts";
import type { OptimizerName } from "../optim/registry.ts";
import type { Family } from "../compress/families.ts";
import type { MomentumRule, ProjectionSide } from "../compress/flora-compressor.ts";
import type { CompressorName } from "../compress/registry.ts";
import type { ScheduleName } from "../optim/schedule.ts";
import type { Augmentation } from "../data/batches/image-batches.ts";
import { allowedValues } from "./allowed-values.ts";
import { OPTIONS } from "./option-table.ts";
import { closest } from "./suggest.ts";
import type { TaskName } from "./task.ts";
import { ADAPTER_FAMILY, type AdapterMethod, isAdapterMethod } from "../adapters/methods.ts";
import type { AccumulatorDType } from "../compress/accumulator.ts";
import type { WeightDType, WeightUpdate } from "../optim/rounding.ts";

export type Method = CompressorName | AdapterMethod;

/** The methods as people write them. */
export const METHOD_NAMES: Readonly<Record<Method, string>> = {
  flora: "FLORA",
  dense: "dense",
  lora: "LoRA",
  "lora-fa": "LoRA-FA",
  "lora+": "LoRA+",
  relora: "ReLoRA",
  plora: "PLoRA",
  cola: "COLA",
};

/** A complete set of options. The sentences that explain them are those of `flora train --help`. */
export interface TrainConfig {
  readonly train?: readonly string[] | undefined;
  readonly validation?: readonly string[] | undefined;
  readonly task?: TaskName | undefined;
  readonly textColumn: string;
  readonly pairColumn?: string | undefined;
  readonly labelColumn: string;
  readonly sourceColumn: string;
  readonly targetColumn: string;
  readonly augment: Augmentation;
  readonly prefix: string;
  readonly suffix?: string | undefined;
  readonly tooLong: "refuse" | "drop" | "truncate";
  readonly tokenizer: string;
  readonly contextLength?: number | undefined;
  readonly model: string | Readonly<Record<string, unknown>>;
  readonly method: Method;
  readonly rank: number;
  readonly projection: Family;
  readonly side: ProjectionSide;
  readonly include: readonly string[];
  readonly exclude: readonly string[];
  readonly compressEmbeddings: boolean;
  readonly momentum: number;
  readonly momentumRule: MomentumRule;
  readonly resampleEvery?: number | undefined;
  readonly accumulatorDtype: AccumulatorDType;
  readonly compressMoments: boolean;
  readonly alpha: number;
  readonly targets: readonly string[];
  readonly modulesToSave?: readonly string[] | undefined;
  readonly rankPattern: Readonly<Record<string, number>>;
  readonly alphaPattern: Readonly<Record<string, number>>;
  readonly rateRatio: number;
  readonly mergeEvery?: number | undefined;
  readonly restartWarmupSteps?: number | undefined;
  readonly pruneState: number;
  readonly unloadFraction: number;
  readonly weightDtype: WeightDType;
  readonly weightUpdate: WeightUpdate;
  readonly optimizer: OptimizerName;
  readonly learningRate?: number | undefined;
  readonly schedule: ScheduleName;
  readonly warmupSteps: number;
  readonly weightDecay?: number | undefined;
  readonly hyperparameters: Readonly<Record<string, number>>;
  readonly maxGradNorm?: number | undefined;
  readonly batchSize: number;
  readonly microSteps: number;
  readonly steps?: number | undefined;
  readonly epochs?: number | undefined;
  readonly seed: number;
  readonly recompute: boolean;
  readonly vocabularyChunk: number;
  readonly threads?: number | undefined;
  readonly output: string;
  readonly outputDtype?: WeightDType | undefined;
  readonly overwrite: boolean;
  readonly resume: boolean;
  readonly evaluateEvery: number;
  readonly evaluationBatches: number;
  readonly saveEvery: number;
  readonly translations: number;
}

/** Options of which the method decides the defaults. */
type OfMethod = "rank" | "alpha" | "schedule";

/** Options as they are given, checked and with the defaults that depend on nothing. */
export type GivenOptions = Omit<TrainConfig, OfMethod> & {
  readonly [Name in OfMethod]?: TrainConfig[Name] | undefined;
};

const schema: z.ZodType<GivenOptions> = z.strictObject(OPTIONS);

const FLORA_RANK = 128;

function complete(options: GivenOptions): TrainConfig {
  const { method, optimizer, compressMoments, momentum } = options;
  const family = isAdapterMethod(method) ? ADAPTER_FAMILY[method] : ADAPTER_FAMILY.lora;
  if (compressMoments) {
    const hasMoments = optimizer === "adam" || optimizer === "adamw";
    if (method !== "flora" || !hasMoments || momentum > 0) {
      throw new UsageError(
        "compressMoments: needs method flora, optimizer adam or adamw, and no momentum of its own" +
          `; got ${method}, ${optimizer}, momentum ${momentum}`,
      );
    }
  }
  const rank = isAdapterMethod(method) ? family.rank : FLORA_RANK;
  return {
    ...options,
    rank: options.rank ?? rank,
    alpha: options.alpha ?? family.alpha,
    schedule: options.schedule ?? family.schedule,
  };
}

/** Options as a user writes them: all optional, a single path or pattern in place of a list. */
export type TrainOptions = Readonly<Record<string, unknown>>;

export interface OptionHelp {
  readonly name: string;
  readonly description: string;
  /** What a value may be, in words. */
  readonly allowed: string;
  /** As it would be written; undefined where there is none. */
  readonly default: string | undefined;
}

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

/**
 * Checks options and fills in defaults; without data, those of the demonstration.
 *
 * @throws {UsageError} naming the option, what came and what is allowed.
 */
export function parseConfig(options: TrainOptions): TrainConfig {
  const demonstration = options["train"] === undefined && typeof options["model"] !== "string";
  const parsed = schema.safeParse(demonstration ? { ...DEMONSTRATION, ...options } : options);
  if (parsed.success) return complete(parsed.data);
  const [issue] = parsed.error.issues;
  if (issue?.code === "unrecognized_keys") {
    const [name = ""] = issue.keys;
    throw new UsageError(`${name}: no such option`, { hint: nearest(name) });
  }
  const name = String(issue?.path[0] ?? "");
  const help = optionHelp().find((option) => option.name === name);
  throw new UsageError(
    `${name}: must be ${help?.allowed ?? issue?.message}; got ${JSON.stringify(options[name])}`,
  );
}

/** Every option with its description, in the order of the schema. */
export function optionHelp(): readonly OptionHelp[] {
  return Object.entries(OPTIONS).map(([name, option]) => {
    const unset = option.safeParse(undefined);
    const byDefault = unset.success ? unset.data : undefined;
    return {
      name,
      description: option.description ?? "",
      allowed: allowedValues(option),
      default: byDefault === undefined ? undefined : JSON.stringify(byDefault),
    };
  });
}

/** The option that was probably meant, as a hint. */
function nearest(name: string): string {
  const option = closest(name, Object.keys(OPTIONS));
  return option === undefined ? "flora train --help lists them" : `did you mean ${option}?`;
}
