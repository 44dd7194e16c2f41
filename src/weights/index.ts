/** @file Weights on disk: safetensors, and the directories of Hugging Face and peft. */

export { loadAdapter, type LoadedAdapter, saveAdapter } from "./peft.ts";
export type { PeftConfig } from "./peft-config.ts";
export {
  eachWeight,
  loadWeights,
  type LoadWeightsOptions,
  readConfig,
  readGenerationConfig,
} from "./directory.ts";
export {
  openSafetensors,
  type ReadOptions,
  type SafetensorsFile,
  type SafetensorsOptions,
  type TensorInfo,
  type DeferredTensor,
  type NamedTensor,
  type WritableTensor,
  writeSafetensors,
} from "./files/safetensors.ts";
export type { StorageDType } from "./convert.ts";
export { type ModelFiles, saveModel, type SaveOptions } from "./save-model.ts";
