/**
 * @file When a run is saved, and that a state that is lost never takes the place of a good one: what is infinite, or no number, is not
 * saved, and a checkpoint from which no step had a loss that is a number is not kept.
 */

import type { SavedEvent } from "../runs/events.ts";
import { removeCheckpoints, removeNewest } from "./output/checkpoints.ts";
import type { Run } from "./setup/run.ts";
import type { SaveOptions, Trainer } from "./trainer.ts";

export interface Keeper {
  /** Removes what a run that is replaced has left. */
  begin(): Promise<void>;
  /** Whether it is time for a checkpoint, within a step or after `done` steps. */
  isDue(done?: number): boolean;
  /** Hears that a step had a loss that is a number. */
  proved(): void;
  /** Saves; returns whether the state was sound. */
  save(what: SavedEvent["what"], options?: SaveOptions): AsyncGenerator<SavedEvent, boolean>;
  /** Saves what there is, if it can be gone on with. */
  rescue(): Promise<void>;
  /** Takes back what led to a loss that is no number; says what is left. */
  takeBack(): Promise<string>;
  /** Steps done in the newest checkpoint, if there is one. */
  checkpointStep(): number | undefined;
  /** Steps done in the model that is left, if there is one. */
  modelStep(): number | undefined;
}

/** Time between two checkpoints, where no steps are given. */
const CHECKPOINT_EVERY_MS = 10 * 60_000;

export function keeperOf({ config, context, inputs }: Run, trainer: Trainer): Keeper {
  const { keep, output, overwrite, resume, saveEvery } = config;
  const { files, clock } = context.host;
  const writes = inputs.writes !== false;
  let savedAtMs = clock.nowMs();
  /** Steps whose model and whose checkpoint are on disk. */
  let modelStep = resume ? trainer.judge.memory().best?.step : undefined;
  let checkpointStep = resume ? trainer.position().step : undefined;
  let savedPosition = trainer.position();
  let isProved = true;
  let isLost = false;

  async function write(what: SavedEvent["what"], options: SaveOptions): Promise<void> {
    if (what === "model") {
      modelStep = trainer.position().step;
      return trainer.saveModel();
    }
    // The best model is not replaced by what happens to be there when the run is left.
    const withModel = options.withModel === true && (keep === "last" || modelStep === undefined);
    await trainer.saveCheckpoint({ ...options, withModel });
    if (withModel) modelStep = trainer.position().step;
    savedPosition = trainer.position();
    checkpointStep = savedPosition.step;
    savedAtMs = clock.nowMs();
    isProved = false;
  }

  return {
    async begin() {
      if (writes && overwrite && !resume) await removeCheckpoints(files, output);
    },

    isDue(done) {
      if (!writes) return false;
      if (saveEvery > 0) return done !== undefined && done % saveEvery === 0;
      return clock.nowMs() - savedAtMs >= CHECKPOINT_EVERY_MS;
    },

    proved() {
      isProved = true;
    },

    async *save(what, options = {}) {
      if (!writes) return true;
      if (!(await trainer.isFinite())) return false;
      await write(what, options);
      yield { type: "saved", step: trainer.position().step, path: output, what };
      return true;
    },

    async rescue() {
      const isNew = trainer.position() !== savedPosition;
      if (!writes || isLost || !isNew || !trainer.isPausable()) return;
      // What stopped the run is worse news than a disk that is full.
      if (!(await trainer.isFinite())) return;
      await write("checkpoint", { withModel: true }).catch(() => undefined);
    },

    async takeBack() {
      isLost = true;
      if (!isProved) checkpointStep = await removeNewest(files, output);
      if (checkpointStep !== undefined)
        return `${output} keeps the state of step ${checkpointStep}`;
      if (modelStep !== undefined) return `${output} keeps the model of step ${modelStep}`;
      return "nothing was saved yet";
    },

    checkpointStep: () => checkpointStep,
    modelStep: () => modelStep,
  };
}
