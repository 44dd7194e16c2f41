/** @file What becomes of a gradient: dense or compressed accumulators, projections, and the rules that step in their subspace. */

export {
  type Accumulator,
  accumulator,
  type AccumulatorDType,
  type AccumulatorOptions,
} from "./accumulator.ts";
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
