/** @file A training run: from options to a model on disk, told as events. */

export {
  checkOptions,
  parseConfig,
  type TrainConfig,
  type Listed,
  type TrainOptions,
  type Method,
} from "../options/config.ts";
export type { Coding, Codings, Collective, UnderWay } from "../collective/index.ts";
export { jsonSchema } from "../options/tables/json-schema.ts";
export { OPTIONS } from "../options/option-table.ts";
export type { Kind, Option, OptionTable } from "../options/tables/option.ts";
export type * from "../runs/events.ts";
export { followLog, type FollowOptions } from "../runs/follow-log.ts";
export { logged } from "../runs/logged.ts";
export {
  LOG_FILE,
  LOG_VERSION,
  type Logged,
  type LoggedEnd,
  type LoggedEvaluation,
  type LoggedSamples,
  type LoggedEvent,
  type LoggedNote,
  type LoggedSave,
  type LoggedStart,
  type LoggedStep,
  type LoggedTranslation,
} from "../runs/log-line.ts";
export { type Metrics, metricsOf } from "../runs/trackers/metrics.ts";
export type { Tracker } from "../runs/trackers/tracker.ts";
export { readLog } from "../runs/read-log.ts";
export { type PredictedMemory, predictMemory } from "./memory/memory.ts";
export type { Run, RunContext, Teacher } from "./setup/run.ts";
export type { SettledConfig } from "./choices/settle.ts";
export type { Growth } from "../adapters/grow.ts";
export { type TrainContext, trainEvents } from "./events.ts";
export {
  train,
  type TrainRequest,
  type TrainResult,
  type TrainRun,
  type TrainRunContext,
} from "./run.ts";
export type { ComparedAnswers, Question, StreamedData, TrainData } from "../tasks/task-data.ts";
export type { Metric, RunInputs } from "./setup/inputs.ts";
export { TASK_NAMES, type TaskName } from "../options/tables/names.ts";
export type {
  Host,
  Clock,
  FileStore,
  Memory,
  FileInfo,
  FileEntry,
  ReadableFile,
  ScratchFile,
  WritableFile,
  Lock,
} from "../host/host.ts";
export { type CompressorName, COMPRESSOR_NAMES } from "../compress/methods/registry.ts";
