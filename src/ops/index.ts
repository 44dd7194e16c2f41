/** @file The operators: each with its ONNX name, its type rule and its derivative. */

export * from "./elementwise.ts";
export * from "./indexing.ts";
export * from "./matmul.ts";
export * from "./movement.ts";
export * from "./normalize.ts";
export * from "./reduce.ts";
export * from "./scan.ts";
export * from "./softmax.ts";
