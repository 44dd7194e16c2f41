/** @file What the parts of an engine share. */

import type { Recompute } from "../../autodiff/index.ts";
import type { InputTypes, Model } from "../../models/model.ts";
import type { ProgramCache } from "../../runtime/programs.ts";
import type { Runtime } from "../../runtime/runtime.ts";
import type { Slots } from "../../runtime/slots.ts";
import type { Draws } from "./draws.ts";
import type { Plan } from "./param-plan.ts";
import type { TrainState } from "./state.ts";

/** What the parts of an engine share. */
export interface EngineParts {
  readonly runtime: Runtime;
  readonly model: Model;
  readonly plan: Plan;
  readonly state: TrainState;
  readonly programs: ProgramCache;
  readonly slots: Slots;
  readonly draws: Draws;
  /** The shapes of batches that may occur, the largest last. */
  readonly shapes: readonly InputTypes[];
  /** Activation checkpointing: recompute activations in the backward pass instead of keeping them. */
  readonly recompute: Recompute;
  /** Rows of the output embedding that are computed at a time. */
  readonly vocabularyChunk: number;
  /** NEFTune's α, of the noise on embeddings of tokens in training; 0: none. */
  readonly neftuneAlpha: number;
}
