/** @file Decoding: logits from a cache, sampling, continuations of prompts, beam search. */

export { type Hypothesis } from "./strategies/beam-step.ts";
export { beamSearch, type BeamSearchOptions } from "./strategies/beam.ts";
export {
  createDecoder,
  type Decoder,
  type DecoderOptions,
  type Decoding,
} from "./programs/decoder.ts";
export {
  complete,
  type CompleteOptions,
  generate,
  type GeneratedToken,
  type GenerateOptions,
} from "./strategies/generate.ts";
export type { GenerationDefaults } from "./generation-config.ts";
export type { SentenceConfig } from "./sentence-config.ts";
export type { LengthLimits } from "./strategies/lengths.ts";
export {
  type LoadedImageModel,
  type LoadedModel,
  type LoadedNetwork,
  loadImageModel,
  loadModel,
  type LoadModelOptions,
} from "./load-model.ts";
export { encodePrompt } from "./prompt.ts";
export { greedy, sample, type SamplingOptions } from "./strategies/sampling.ts";
export type { ScoreRules } from "./strategies/score-rules.ts";
export {
  type CompletedText,
  completeText,
  type CompleteTextOptions,
  type GeneratedText,
  generateText,
  type TextModel,
  type TextOptions,
} from "./text.ts";
