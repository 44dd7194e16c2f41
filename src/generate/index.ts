/** @file Decoding: logits from a cache, sampling, continuations of prompts. */

export { createDecoder, type Decoder, type DecoderOptions, type Decoding } from "./decoder.ts";
export {
  complete,
  type CompleteOptions,
  generate,
  type GeneratedToken,
  type GenerateOptions,
} from "./generate.ts";
export {
  type LoadedImageModel,
  type LoadedModel,
  type LoadedNetwork,
  loadImageModel,
  loadModel,
  type LoadModelOptions,
} from "./load-model.ts";
export { greedy, sample, type SamplingOptions } from "./sampling.ts";
