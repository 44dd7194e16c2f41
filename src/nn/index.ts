/** @file Layers, their parameters, and losses. */

export { type Activation, activationOf, gelu, geluTanh, relu, silu } from "./activation.ts";
export { type AttentionOptions, multiHeadAttention } from "./attention/attention.ts";
export {
  causalBias,
  paddingBias,
  positionBias,
  type PositionBiasOptions,
  slidingBias,
} from "./attention/attention-bias.ts";
export { dropout, type DropoutMasks } from "./dropout.ts";
export {
  conv1d,
  conv1dSpec,
  embedding,
  embeddingSpec,
  linear,
  type LinearOptions,
  linearSpec,
  type LinearSpec,
  type EmbeddingSpec,
  type MatrixSpec,
} from "./linear.ts";
export { crossEntropy, logSumExp } from "./loss.ts";
export {
  layerNorm,
  layerNormSpec,
  offsetRmsNorm,
  offsetRmsNormSpec,
  rmsNorm,
  rmsNormSpec,
  type LayerNormSpec,
  type RmsNormSpec,
  type UnshiftedNormSpec,
} from "./norm.ts";
export {
  bindParams,
  flattenSpec,
  type ParamsOf,
  type ParamSpec,
  type SpecTree,
  type Initializer,
  type ParamRole,
} from "./params.ts";
export { lengthOf, range } from "./attention/positions.ts";
export { relativeBias, relativeBiasAt, type RelativeBuckets } from "./attention/relative-bias.ts";
export { rotary, type RotaryOptions } from "./attention/rotary.ts";
export {
  type RotaryConfig,
  rotaryFrequencies,
  type RotaryFrequencies,
  type RotaryFrequenciesOptions,
  type RotaryScaling,
} from "./attention/rotary-frequencies.ts";
export { normalized, type PairLoss, pairLoss } from "./similarity.ts";
