/** @file Graphs of symbolic tensors. */

export { customVjp, defineMultiOp, defineOp } from "./op.ts";
export { mapTensors, type Tensors, tensorAt, zipTensors } from "./tensors.ts";
export { constant, input, type Node, scalarLike, type Value, type ValueType } from "./value.ts";
