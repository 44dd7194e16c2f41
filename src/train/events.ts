/** @file Training from options, as an asynchronous generator of events. */

import type { TrainConfig } from "../options/train-config.ts";
import type { TrainEvent } from "../runs/events.ts";
import { trainPrepared } from "./loop.ts";
import { checkOutput } from "./output/output.ts";
import type { RunInputs } from "./setup/inputs.ts";
import { prepare } from "./setup/prepare.ts";
import type { Run, RunContext } from "./setup/run.ts";

export interface TrainContext extends RunContext {
  /** Aborting finishes the micro-step, saves a checkpoint and ends the run. */
  readonly signal?: AbortSignal;
}

/**
 * Trains a model and saves it.
 *
 * @param onPrepared - is handed the run before its first event
 * @throws {UsageError} if the options do not fit together, before anything is written.
 * @throws {FormatError} if a file is not what it should be.
 */
export async function* trainEvents(
  config: TrainConfig,
  { signal, ...context }: TrainContext,
  inputs: RunInputs = {},
  onPrepared: (run: Run) => void = () => undefined,
): AsyncGenerator<TrainEvent, void, undefined> {
  if (inputs.writes !== false) await checkOutput(context.host.files, config);
  const run = await prepare(config, context, inputs);
  onPrepared(run);
  try {
    yield* trainPrepared(run, signal);
  } finally {
    await run.engine.release();
  }
}
