/** @file One step of training: programs, buffers and what happens to them; without options, files or data. */

export { createDraws, type Draws } from "./draws.ts";
export { createOptimizer, type Optimizer } from "./optimizer.ts";
export type { ParamPlan, ParamTraining, Plan } from "./param-plan.ts";
export type { PipelineParts } from "./parts.ts";
export { createPipeline, type MicroStepKeys, type Pipeline } from "./pipeline.ts";
export { bufferOf, createState, setWeight, type StateOptions, type TrainState } from "./state.ts";
export type { StepNumbers } from "./update.ts";
