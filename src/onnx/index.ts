/** @file Graphs as ONNX. */

export { initializerStart } from "./initializer.ts";
export { compile, optimize, type Program, type CompileOptions } from "./model.ts";
