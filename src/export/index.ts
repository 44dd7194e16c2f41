/** @file Models for other programs: as ONNX, as GGUF, as safetensors in another type. */

export {
  ADAPTER_FILE,
  exportAdapter,
  type ExportAdapterOptions,
  isAdapterDirectory,
} from "./export-adapter.ts";
export {
  type ExportDType,
  type Exported,
  type ExportFormat,
  exportModel,
  type ExportOptions,
} from "./export-model.ts";
