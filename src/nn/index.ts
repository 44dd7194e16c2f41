/** @file Layers. */

export { gelu, geluTanh, relu, silu } from "./activation.ts";
export { type AttentionOptions, causalBias, multiHeadAttention } from "./attention.ts";
export { dropout, type DropoutMasks } from "./dropout.ts";
export { conv1d, conv1dSpec, embedding, embeddingSpec } from "./linear.ts";
export { crossEntropy, logSumExp } from "./loss.ts";
export { layerNorm, layerNormSpec } from "./norm.ts";
export { lengthOf, range } from "./positions.ts";
export { bindParams, flattenSpec, type ParamsOf, type ParamSpec, type SpecTree } from "./params.ts";
