/** @file Graphs of symbolic tensors: values, nodes, how an operator is defined, rewrites. */

export {
  customVjp,
  defineMultiOp,
  defineOp,
  type OpDefinition,
  type MultiOpDefinition,
  type CotangentsOf,
} from "./op.ts";
export { mapTensors, type Tensors, tensorAt, zipTensors } from "./tensors.ts";
export {
  constant,
  input,
  type Node,
  scalarLike,
  type Value,
  type ValueType,
  type OnnxForm,
  type Source,
  type Cotangents,
  type OnnxAttribute,
} from "./value.ts";
