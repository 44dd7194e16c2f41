/** @file Gradient transformations, schedules and rounding. They know nothing of projections. */

export { adafactor, type AdafactorOptions, relativeStepSize } from "./adafactor.ts";
export { adam, type AdamOptions, adamw, scaleByAdam } from "./adam.ts";
export { muon, type MuonOptions } from "./muon.ts";
export { newtonSchulz, polarOfNorm } from "./directions/polar.ts";
export {
  everywhere,
  type Hyperparameter,
  type Optimizer,
  type OptimizerDefinition,
  type UsualRates,
  ruleAt,
  type RuledParam,
} from "./optimizer.ts";
export {
  namedOptimizer,
  type OptimizerName,
  type OptimizerOptions,
  OPTIMIZERS,
  type Trained,
  usualLearningRate,
  OPTIMIZER_NAMES,
} from "./registry.ts";
export {
  type HalfDType,
  noiseBits,
  roundStochastically,
  roundToNearest,
  WEIGHT_DTYPES,
  WEIGHT_UPDATES,
  type WeightDType,
  type WeightUpdate,
} from "./rounding.ts";
export {
  type Schedule,
  schedule,
  type ScheduleName,
  SCHEDULES,
  type ScheduleOptions,
} from "./schedule.ts";
export { type ScaleOptions, unitColumnDescent } from "./scale.ts";
export { ema, sgd, sgdMomentum, type SgdMomentumOptions } from "./sgd.ts";
export {
  addDecayedWeights,
  chain,
  type Descent,
  descent,
  type GradientTransformation,
  identity,
  scaleByLearningRate,
  stateBytes,
  type StateSpec,
  type AdamConstants,
  type MomentumDescent,
  type SubspaceDescent,
  stateless,
  type Transfer,
  type UpdateContext,
  type Updated,
} from "./transform.ts";
