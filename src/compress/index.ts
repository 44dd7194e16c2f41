/** @file What becomes of a gradient: dense or compressed accumulators, projections, and the rules that step in their subspace. */

export {
  type Accumulator,
  accumulator,
  type AccumulatorDType,
  type AccumulatorOptions,
  ACCUMULATOR_DTYPES,
} from "./accumulator.ts";
export { carriedMomentum, withOwnMomentum } from "./carried-momentum.ts";
export { type CompressionChoice, type ProjectionSide, PROJECTION_SIDES } from "./choice.ts";
export {
  type CompressibleParam,
  type Compression,
  type Compressor,
  type DrawnSubspace,
  type LearnedSubspace,
  type Uncompressed,
  type WholeGradient,
} from "./compressor.ts";
export { FAMILIES, type Family, type FamilyDefinition, FAMILY_NAMES } from "./families.ts";
export { apollo, apolloMini } from "./methods/apollo.ts";
export { compact } from "./methods/compact.ts";
export { fira } from "./methods/fira.ts";
export { galore, type GaloreOptions } from "./methods/galore.ts";
export { gum } from "./methods/gum.ts";
export { ldadam, type LdadamOptions } from "./methods/ldadam.ts";
export { loraPre } from "./methods/lora-pre.ts";
export { referenceStepRule, type StepRule, stepRule, type StepRuleOptions } from "./flora.ts";
export {
  dense,
  flora,
  type FloraOptions,
  type MomentumOptions,
  type MomentumRule,
  MOMENTUM_RULES,
} from "./flora-compressor.ts";
export {
  type AdamDescent,
  adamOf,
  inProjectedSpace,
  keepsStateInSubspaces,
  momentsOf,
  type SubspaceMoments,
  type SubspaceOptions,
} from "./in-projected-space.ts";
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
