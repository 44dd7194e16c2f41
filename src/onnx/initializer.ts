/**
 * @file Weights inside an ONNX file. A graph is compiled without them (`compile`, option `stored`), and they follow it in the file one by
 * one, so that they are never in memory together: of a message that occurs twice, Protocol Buffers joins the repeated fields, and
 * each of these is a graph that has nothing but one initializer.
 */

import { ONNX_DTYPE } from "../ops/elementwise.ts";
import type { DType } from "../tensor/dtype.ts";
import { tensorBytes } from "../tensor/host-tensor.ts";
import { intField, message, openField, stringField } from "../files/protobuf.ts";

/** What stands before the bytes of a tensor, which end the initializer. */
export function initializerStart(name: string, dtype: DType, shape: readonly number[]): Uint8Array {
  const size = tensorBytes(dtype, shape);
  const tensor = [
    ...shape.map((dim) => intField(1, dim)),
    intField(2, ONNX_DTYPE[dtype]),
    stringField(8, name),
    openField(9, size),
  ];
  const tensorSize = message(tensor).length + size;
  const initializer = openField(5, tensorSize);
  const graph = openField(7, message([initializer]).length + tensorSize);
  return message([graph, initializer, ...tensor]);
}
