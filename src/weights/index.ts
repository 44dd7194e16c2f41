export { type StagedFile, stageFile, writeFileAtomic } from "./atomic.ts";
export { loadWeights, type LoadWeightsOptions, readConfig } from "./directory.ts";
export {
  openSafetensors,
  type SafetensorsFile,
  type SafetensorsOptions,
  type TensorInfo,
  writeSafetensors,
} from "./safetensors.ts";
export { type ModelFiles, saveModel } from "./save-model.ts";
