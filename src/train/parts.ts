/** @file What the parts of a run share. */

import type { InputTypes, Model } from "../models/model.ts";
import type { Runtime } from "../runtime/runtime.ts";
import type { TrainConfig } from "./config.ts";
import type { Draws } from "./draws.ts";
import type { ParamPlan, ParamTraining, Plan } from "./plan.ts";
import type { ProgramCache } from "./programs.ts";
import type { Slots } from "./slots.ts";
import type { TrainState } from "./state.ts";

export interface PipelineParts {
  readonly runtime: Runtime;
  readonly model: Model;
  readonly plan: Plan;
  readonly config: TrainConfig;
  readonly state: TrainState;
  readonly programs: ProgramCache;
  readonly slots: Slots;
  readonly draws: Draws;
  /** The shapes of batches that may occur, the largest last. */
  readonly shapes: readonly InputTypes[];
}

export function planOf(plan: Plan, name: string): ParamPlan {
  const found = plan.get(name);
  if (found) return found;
  throw new Error(`internal: no plan for ${name}`);
}

/** How a parameter is trained. */
export function trainingOf(plan: Plan, name: string): ParamTraining {
  const { training } = planOf(plan, name);
  if (training) return training;
  throw new Error(`internal: ${name} is frozen`);
}

export function copyInt32(from: Int32Array, to: unknown): void {
  if (!(to instanceof Int32Array)) throw new Error("internal: int32 expected");
  to.set(from);
}
