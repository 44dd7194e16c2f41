/**
 * @file Graphs of one's own: symbolic tensors, operators, layers, reverse-mode derivatives, ONNX, and random numbers from keys. What a
 * runtime then runs (`flora-train/runtime/node`, `flora-train/runtime/web`).
 *
 * @example
 * const x = input("x", "float32", [2, 3]);
 * const [dx] = grad(sumSquares(x), [x]); // [2, 3]
 * const program = compile({ dx });
 */

export * from "../autodiff/index.ts";
export * from "../graph/index.ts";
export * as nn from "../nn/index.ts";
export * from "../onnx/index.ts";
export * from "../ops/index.ts";
export * from "../random/index.ts";
export * from "../tensor/index.ts";
