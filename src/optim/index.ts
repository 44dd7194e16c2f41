/** @file Accumulators, gradient transformations and schedules. */

export {
  type Accumulator,
  accumulator,
  type AccumulatorDType,
  type AccumulatorOptions,
} from "./accumulator.ts";
export { adafactor, type AdafactorOptions, relativeStepSize } from "./adafactor.ts";
export { adam, type AdamOptions, adamw } from "./adam.ts";
export {
  baseOptimizer,
  compressedMomentsRule,
  type OptimizerName,
  usualLearningRate,
} from "./base.ts";
export { type CompressedAdamOptions, compressedAdamRule } from "./compressed-adam.ts";
export { referenceStepRule, type StepRule, stepRule, type Transfer } from "./flora.ts";
export {
  compress,
  compressedShape,
  decompress,
  type Family,
  type Projection,
  smallestSafeInterval,
  squaredError,
  transfer,
  transferMean,
} from "./projection.ts";
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
