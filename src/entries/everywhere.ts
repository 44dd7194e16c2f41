/** @file What the entry points for Node and for browsers share, as it asks for no host. */

export {
  FormatError,
  type OptionProblem,
  ShapeError,
  type Spelling,
  UsageError,
} from "../errors.ts";
export { corpusBleu, rouge } from "../evaluate/index.ts";
export { adaptModel, chooseAdapters } from "../adapters/index.ts";
export {
  beamSearch,
  complete,
  completeText,
  createDecoder,
  generate,
  generateText,
} from "../generate/index.ts";
export type { Host } from "../host/host.ts";
export { gpt2, type Model, modelFromConfig } from "../models/index.ts";
export { classifyTexts, cosineSimilarity, embedTexts } from "../predict/index.ts";
export type { Device, DeviceOptions } from "../runtime/device-options.ts";
export type { DiskUse, Runtime } from "../runtime/runtime.ts";
export { byteTokenizer, type Tokenizer } from "../text/index.ts";
export {
  type FollowOptions,
  type Listed,
  type LoggedEvent,
  parseConfig,
  type Tracker,
  type TrainConfig,
  type TrainEvent,
  type TrainOptions,
  type TrainRequest,
  type TrainResult,
  type TrainRun,
} from "../train/index.ts";
export type { OnHost } from "./on-host.ts";
