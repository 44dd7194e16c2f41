/** @file Models: named parameters and a chain of stages, made from a config.json. */

export * from "./architectures/index.ts";
export { modelFromConfig } from "./architectures/registry.ts";
export type {
  Model,
  Stage,
  Task,
  Decoded,
  DecodeContext,
  Head,
  HeadAdapter,
  InputName,
  InputTypes,
  StageContext,
  StageDecoding,
  KeysAndValues,
  PastAttention,
  EncoderAttention,
} from "./model.ts";
export type { Architecture, ArchitectureFacts } from "./architecture.ts";
export type { ConfigFields } from "./config.ts";
