/** @file Graphs as ONNX bytes, and what is known of a program before it runs. */

export type { Product } from "./analysis.ts";
export { initializerStart } from "./initializer.ts";
export { compile, optimize, type Program, type CompileOptions } from "./model.ts";
