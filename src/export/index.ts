/** @file Models for other runtimes. */

export { type Exported, exportOnnx } from "./export-onnx.ts";
