/** @file What the parts of a run share. */

import type { Plan } from "./param-plan.ts";
import type { InputTypes, Model } from "../models/model.ts";
import type { Runtime } from "../runtime/runtime.ts";
import type { Draws } from "./draws.ts";
import type { ProgramCache } from "../runtime/programs.ts";
import type { Slots } from "../runtime/slots.ts";
import type { TrainState } from "./state.ts";

export interface PipelineParts {
  readonly runtime: Runtime;
  readonly model: Model;
  readonly plan: Plan;
  /** Activation checkpointing: recompute activations in the backward pass instead of keeping them. */
  readonly recompute: boolean;
  /** Rows of the output embedding that are computed at a time. */
  readonly vocabularyChunk: number;
  readonly state: TrainState;
  readonly programs: ProgramCache;
  readonly slots: Slots;
  readonly draws: Draws;
  /** The shapes of batches that may occur, the largest last. */
  readonly shapes: readonly InputTypes[];
}

export function copyInt32(from: Int32Array, to: unknown): void {
  if (!(to instanceof Int32Array)) throw new Error("internal: int32 expected");
  to.set(from);
}
