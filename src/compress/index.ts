/** @file What becomes of a gradient: dense or compressed accumulators, projections, and the rules that step in their subspace. */

export {
  type Accumulator,
  accumulator,
  type AccumulatorDType,
  type AccumulatorOptions,
  ACCUMULATOR_DTYPES,
} from "./accumulator.ts";
export { carriedMomentum, withOwnMomentum } from "./carried-momentum.ts";
export {
  type CompressibleParam,
  type Compression,
  type Compressor,
  type DrawnSubspace,
  type LearnedSubspace,
  type Uncompressed,
} from "./compressor.ts";
export { FAMILIES, type Family, type FamilyDefinition, FAMILY_NAMES } from "./families.ts";
export { referenceStepRule, type StepRule, stepRule, type StepRuleOptions } from "./flora.ts";
export {
  dense,
  flora,
  type FloraOptions,
  type MomentumOptions,
  type MomentumRule,
  type ProjectionSide,
  usualFamily,
  MOMENTUM_RULES,
  PROJECTION_SIDES,
} from "./flora-compressor.ts";
export { inProjectedSpace, keepsStateInSubspaces } from "./in-projected-space.ts";
export {
  compress,
  compressedShape,
  decompress,
  decompressIsometric,
  matrixOf,
  matrixShape,
  type Projection,
  smallestSafeInterval,
  squaredError,
  transfer,
  transferMean,
} from "./projection.ts";
