/** @file Training. */

export {
  type OptionHelp,
  optionHelp,
  parseConfig,
  type TrainConfig,
  type TrainOptions,
  type Method,
} from "../options/config.ts";
export type * from "../runs/events.ts";
export { predictMemory } from "./memory.ts";
export type { RunContext } from "./prepare.ts";
export { train, type TrainContext } from "./train.ts";
export type { TaskName } from "../options/task.ts";
export type {
  Host,
  Clock,
  FileStore,
  Memory,
  FileInfo,
  FileEntry,
  ReadableFile,
  WritableFile,
  Lock,
} from "../host/host.ts";
export { type CompressorName, COMPRESSOR_NAMES } from "../compress/registry.ts";
