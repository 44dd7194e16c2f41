/** @file Models as ONNX files for other runtimes. */

export { type Exported, exportOnnx } from "./export-onnx.ts";
