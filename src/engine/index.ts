/** @file One step of training: programs, buffers and what happens to them; without options, files or data. */

export {
  type Engine,
  type EngineOptions,
  openEngine,
  type Reduce,
  type ReducedSums,
  type StepNumbers,
  type StepSums,
  type UpdateResult,
} from "./engine.ts";
export {
  crossEntropy,
  type CrossEntropyOptions,
  type Weighed,
  type Weighing,
} from "./objectives/cross-entropy.ts";
export type { EvaluationSums, Head, HeadTargets, Objective, Sums } from "./objectives/objective.ts";
export {
  preference,
  PREFERENCE_LOSSES,
  type PreferenceLoss,
  type PreferenceOptions,
  type Reference,
  unaskedReference,
} from "./objectives/preference.ts";
export { objectiveOf } from "./objectives/registry.ts";
export { similarity } from "./objectives/similarity.ts";
export { drawWeight } from "./parts/initial-weights.ts";
export type { Draws } from "./parts/draws.ts";
export type { ParamPlan, ParamTraining, Plan, Rows } from "./parts/param-plan.ts";
export type { EngineParts } from "./parts/parts.ts";
export { namedBuffers, setWeight, type TrainState } from "./parts/state.ts";
export {
  describePlan,
  type ParameterPlan,
  planParameters,
  type PlanOptions,
  type Trainable,
} from "./plan.ts";
export type { UpdateNumbers } from "./update.ts";
