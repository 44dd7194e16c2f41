/** @file Graphs as ONNX. */

export { compile, optimize, type Program } from "./model.ts";
