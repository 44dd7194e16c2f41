/** @file Tensors in host memory: element types, shapes, half floats. */

export { allocate, bytesPerElement, type DType, type TypedArray } from "./dtype.ts";
export {
  bfloat16ToFloat32,
  float16ToFloat32,
  float32ToBfloat16,
  float32ToFloat16,
} from "./half.ts";
export { float32, type HostTensor, hostTensor, int32, zeros } from "./host-tensor.ts";
export type { Dim, Shape } from "./shape.ts";
