/** @file How a model came about: what the log of its training, in its directory, tells of the run. */

import type { Json } from "../../files/json.ts";
import type { FileStore } from "../../host/host.ts";
import { readRunLog, type RunLog } from "../../runs/run-log.ts";

export interface TrainingRecord {
  /** The options of the run. */
  readonly config: Json;
  /** The data in words: "28,000 pairs, 1,000 held out". */
  readonly data: string;
  readonly parameterCount: number;
  readonly step: number;
  readonly totalSteps: number;
  /** Mean loss per token of the last step, in nats. */
  readonly trainingLoss?: number;
  /** The last evaluation; loss in nats per target. */
  readonly heldOut?: {
    readonly loss: number;
    readonly perplexity: number;
    /** The share of targets that the model thought the likeliest; absent where the log does not tell. */
    readonly accuracy?: number;
  };
  readonly translation?: { readonly bleu: number; readonly signature: string };
}

/** The record in a directory; undefined if there is no log, or one without a beginning. */
export async function readTrainingRecord(
  files: FileStore,
  directory: string,
): Promise<TrainingRecord | undefined> {
  const log = await readRunLog(files, directory);
  return log && recordOf(log);
}

/** The last that a log tells of everything; losses that are not numbers say nothing of the model that is there. */
export function recordOf(log: RunLog): TrainingRecord {
  const { config, data, parameterCount, totalSteps, steps, evaluations, translation } = log;
  const trained = steps.findLast(isFinite);
  const heldOut = evaluations.findLast(isFinite);
  return {
    config,
    data,
    parameterCount,
    step: steps.at(-1)?.step ?? 0,
    totalSteps,
    ...(trained && { trainingLoss: trained.loss }),
    ...(heldOut && { heldOut }),
    ...(translation && { translation }),
  };
}

const isFinite = ({ loss }: { readonly loss: number }): boolean => Number.isFinite(loss);
