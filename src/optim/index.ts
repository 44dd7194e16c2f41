/** @file Gradient transformations, schedules and rounding. They know nothing of projections. */

export { adafactor, type AdafactorOptions, relativeStepSize } from "./adafactor.ts";
export { adam, type AdamOptions, adamw } from "./adam.ts";
export { baseOptimizer, type OptimizerName, usualLearningRate } from "./base.ts";
export {
  type HalfDType,
  noiseBits,
  roundStochastically,
  roundToNearest,
  type WeightDType,
  type WeightUpdate,
} from "./rounding.ts";
export { type Schedule, schedule, type ScheduleName } from "./schedule.ts";
export { ema, sgd, sgdMomentum } from "./sgd.ts";
export {
  addDecayedWeights,
  chain,
  descent,
  type GradientTransformation,
  scaleByLearningRate,
  stateBytes,
  type StateSpec,
  stateless,
  type UpdateContext,
  type Updated,
} from "./transform.ts";
