/** @file Training from options, as an asynchronous generator of events. */

import { releaseState } from "../engine/parts/state.ts";
import { RECOMPUTATIONS } from "../autodiff/index.ts";
import type { Collective } from "../collective/index.ts";
import type { FileStore } from "../host/host.ts";
import type { TrainConfig } from "../options/train-config.ts";
import type { TrainEvent } from "../runs/events.ts";
import { checkCriterion } from "./evaluation/criterion.ts";
import { trainPrepared } from "./loop.ts";
import { estimatedStepMs } from "./choices/step-time.ts";
import { measuredSpeed } from "../runtime/speed.ts";
import { findCheckpoint } from "./output/checkpoints.ts";
import { claimOutput } from "./output/claim.ts";
import { compareOptions } from "./output/identity.ts";
import type { RunInputs } from "./setup/inputs.ts";
import { promiseMemory, promiseWeights } from "./memory/promise.ts";
import { checkLowMemory, promiseDisk } from "./memory/disk-promise.ts";
import { gather, openRun } from "./setup/prepare.ts";
import { compareRankOptions, compareRanks, ranksOf } from "./ranks/ranks.ts";
import type { Run, RunContext } from "./setup/run.ts";
import { withTeacher } from "./teacher/teacher.ts";

export interface TrainContext extends RunContext {
  /** Aborting finishes the micro-step, saves a checkpoint and ends the run. */
  readonly signal?: AbortSignal;
}

/**
 * Trains a model and saves it.
 *
 * @param onPrepared - is handed the run before its first event, and closes the file of its weights once it has come to its end
 * @throws {UsageError} if the options do not fit together, before anything is written.
 * @throws {FormatError} if a file is not what it should be.
 */
export async function* trainEvents(
  given: TrainConfig,
  { signal, ...context }: TrainContext,
  inputs: RunInputs = {},
  onPrepared?: (run: Run) => void,
): AsyncGenerator<TrainEvent, void, undefined> {
  checkCriterion(given, inputs);
  const { files } = context.host;
  const ranks = ranksOf(context);
  const own = ranks.rank === 0 ? inputs : { ...inputs, writes: false };
  const claim = own.writes === false ? undefined : await claimOutput(files, given);
  try {
    const config = given.resume ? await asItWasBegun(files, given) : ofAll(ranks, given);
    compareRankOptions(ranks, config, files);
    await promiseWeights(config, context, own);
    const parts = await gather(config, context, own);
    const lowMemoryNotes = checkLowMemory(parts);
    const { table: memory, operations, recompute } = await promiseMemory(parts);
    await promiseDisk(parts, memory);
    const stepMs = await estimatedStepMs(parts, {
      operations,
      speed: await measuredSpeed(context.runtime),
    });
    // The graphs of the counted step.
    context.runtime.collectGarbage();
    const run = await openRun(
      await withTeacher({
        ...parts,
        config: { ...parts.config, recompute },
        notes: [...parts.notes, ...lowMemoryNotes],
      }),
    );
    let isOver = false;
    try {
      await compareRanks(ranks, { ...run, files });
      onPrepared?.(run);
      yield* trainPrepared(run, { memory, stepMs, signal });
      isOver = true;
    } finally {
      const { training } = run.data;
      if (training.batchesPerEpoch === undefined) await training.release();
      await run.engine.release();
      if (!isOver || !onPrepared) {
        releaseState(run.engine.state);
        run.disk?.close();
      }
    }
  } finally {
    await claim?.release();
  }
}

/** What the options say of a rank, as it is for the run: a step has the micro-batches of all. */
const ofAll = ({ size }: Collective, config: TrainConfig): TrainConfig =>
  size === 1 ? config : { ...config, microSteps: config.microSteps * size };

/**
 * The options of a run that goes on, with what was left open when it began as it was decided then.
 *
 * @throws {UsageError} if there is nothing to go on from, or other options than those it was begun with.
 */
async function asItWasBegun(files: FileStore, given: TrainConfig): Promise<TrainConfig> {
  const { identity } = await findCheckpoint(files, given.output);
  if (!identity) return given;
  const { learningRate, rank, recompute } = identity.config;
  const kept = RECOMPUTATIONS.find((each) => each === recompute);
  const config = {
    ...given,
    ...(given.rank === undefined && typeof rank === "number" && { rank }),
    ...(given.learningRate === undefined && typeof learningRate === "number" && { learningRate }),
    ...(given.recompute === undefined && kept && { recompute: kept }),
  };
  compareOptions(identity, config);
  return config;
}
