/** @file The options of a run that goes on: those that it was started with, and over them those that are given. */

import type { FileStore } from "../../host/host.ts";
import { checkOptions, parseConfig, type TrainOptions } from "../../options/config.ts";
import { OPTIONS } from "../../options/option-table.ts";
import { findCheckpoint } from "./checkpoints.ts";

/** What belongs to one process, not to the run. */
const OF_ONE_PROCESS = new Set(["output", "overwrite", "resume", "resumeLearningRate"]);

/**
 * Options that are given, completed by those of the checkpoint if the run goes on.
 *
 * @throws {UsageError} if there is nothing to go on from.
 * @throws {FormatError} if all checkpoints are damaged.
 */
export async function resumedOptions(files: FileStore, given: TrainOptions): Promise<TrainOptions> {
  if (!given.resume) return given;
  const { identity } = await findCheckpoint(files, parseConfig(given).output);
  if (!identity) return given;
  const { steps, epochs, resumeLearningRate } = given;
  const isReplaced = (name: string) =>
    OF_ONE_PROCESS.has(name) || (name === "steps" && steps === undefined && epochs !== undefined);
  const saved = checkOptions(
    Object.fromEntries(
      Object.entries(identity.config).filter(([name]) => name in OPTIONS && !isReplaced(name)),
    ),
  );
  return {
    ...saved,
    ...Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)),
    ...(resumeLearningRate !== undefined && { learningRate: resumeLearningRate }),
  };
}
