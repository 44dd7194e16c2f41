/** @file The engine: one training step. */

export {
  type Engine,
  type EngineOptions,
  openEngine,
  type Reduce,
  type StepNumbers,
  type StepSums,
  type UpdateResult,
} from "./engine.ts";
export type { EvaluationSums, Objective, Head, HeadTargets } from "./objectives/objective.ts";
export { objectiveOf } from "./objectives/registry.ts";
export type { EngineParts } from "./parts/parts.ts";
export type { TrainState } from "./parts/state.ts";
export type { Plan, ParamPlan, ParamTraining } from "./parts/param-plan.ts";
export type { UpdateNumbers } from "./update.ts";
export type { Draws } from "./parts/draws.ts";
