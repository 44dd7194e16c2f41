/** @file Accumulators, gradient transformations and schedules. */

export { adafactor, type AdafactorOptions, relativeStepSize } from "./adafactor.ts";
export { adam, type AdamOptions, adamw } from "./adam.ts";
export { baseOptimizer, type OptimizerName, usualLearningRate } from "./base.ts";
export {
  type Accumulator,
  accumulator,
  referenceStepRule,
  type StepRule,
  stepRule,
} from "./flora.ts";
export {
  compress,
  compressedShape,
  decompress,
  type Family,
  type Projection,
  smallestSafeInterval,
  squaredError,
  transfer,
} from "./projection.ts";
export { type Schedule, schedule, type ScheduleName } from "./schedule.ts";
export { ema, sgd, sgdMomentum } from "./sgd.ts";
export {
  addDecayedWeights,
  chain,
  type GradientTransformation,
  scaleByLearningRate,
  type StateSpec,
  stateless,
  type UpdateContext,
  type Updated,
} from "./transform.ts";
