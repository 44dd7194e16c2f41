/** @file The options of a run that goes on, or from another: those that it was started with, and over them those that are given. */

import type { FileStore } from "../../host/host.ts";
import { ADAPTER_FAMILY, isAdapterMethod } from "../../adapters/methods.ts";
import {
  checkOptions,
  parseConfig,
  type TrainConfig,
  type TrainOptions,
} from "../../options/config.ts";
import { OPTIONS } from "../../options/option-table.ts";
import { continuedOptions } from "./continued-options.ts";
import { findCheckpoint } from "./checkpoints.ts";

/** What belongs to one process, not to the run. */
const OF_ONE_PROCESS = new Set(["output", "overwrite", "resume", "resumeLearningRate"]);

/**
 * Options that are given, completed by those of the checkpoint if the run goes on, and by those of another run if it begins there.
 *
 * @throws {UsageError} if there is nothing to go on from.
 * @throws {FormatError} if all checkpoints are damaged.
 */
export async function resumedOptions(files: FileStore, given: TrainOptions): Promise<TrainOptions> {
  if (!given.resume) {
    return given.from === undefined ? given : continuedOptions(files, given.from, given);
  }
  const config = parseConfig(given);
  const { identity } = await findCheckpoint(files, config.output);
  if (!identity) return { ...beforeThereWereIdentities(config), ...withoutAbsent(given) };
  const { steps, epochs, resumeLearningRate } = given;
  const isReplaced = (name: string) =>
    OF_ONE_PROCESS.has(name) || (name === "steps" && steps === undefined && epochs !== undefined);
  const saved = checkOptions(
    Object.fromEntries(
      Object.entries(identity.config).filter(([name]) => name in OPTIONS && !isReplaced(name)),
    ),
  );
  return {
    learningRate: RATES_BEFORE[config.optimizer],
    ...saved,
    ...withoutAbsent(given),
    ...(resumeLearningRate !== undefined && { learningRate: resumeLearningRate }),
  };
}

/** The rates of versions that had one for each optimizer, and did not say it. */
const RATES_BEFORE: Readonly<Record<TrainConfig["optimizer"], number>> = {
  adafactor: 2e-2,
  adam: 1e-3,
  adamw: 1e-3,
  momentum: 0.05,
  muon: 3e-3,
  scale: 2e-2,
  sgd: 0.1,
};

/** The defaults of versions whose checkpoints do not say what run they belong to. */
const beforeThereWereIdentities = ({ method, optimizer }: TrainConfig): TrainOptions => ({
  learningRate: RATES_BEFORE[optimizer],
  rank: isAdapterMethod(method) ? ADAPTER_FAMILY[method].rank : 128,
  schedule: method === "relora" ? "cosine" : "constant",
  projection: "gaussian",
  warmupSteps: 0,
});

const withoutAbsent = (options: TrainOptions): TrainOptions =>
  Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
