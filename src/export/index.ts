/** @file Models for other programs: as ONNX, as GGUF, as safetensors in another type. */

export {
  type ExportDType,
  type Exported,
  type ExportFormat,
  exportModel,
  type ExportOptions,
} from "./export-model.ts";
