/** @file A tensor in host memory: an element type, a shape and the array that holds its elements. */

import { ShapeError } from "../errors.ts";
import { allocate, bytesPerElement, type DType, holdsDType, type TypedArray } from "./dtype.ts";
import { elementCount } from "./shape.ts";

/** A tensor in host memory. */
export interface HostTensor {
  readonly dtype: DType;
  readonly shape: readonly number[];
  /** Row-major elements; may be a view into a larger buffer. */
  readonly data: TypedArray;
}

/** A tensor over `data`, which is not copied. @throws {ShapeError} if size or array type differ. */
export function hostTensor(dtype: DType, shape: readonly number[], data: TypedArray): HostTensor {
  if (!holdsDType(dtype, data) || data.length !== elementCount(shape)) {
    throw new ShapeError(
      `tensor: ${data.length} elements of ${data.constructor.name} for ${dtype}`,
      {
        shape,
      },
    );
  }
  return { dtype, shape, data };
}

/** A tensor of zeros. */
export const zeros = (dtype: DType, shape: readonly number[]): HostTensor => ({
  dtype,
  shape,
  data: allocate(dtype, elementCount(shape)),
});

/** A tensor of float32 over an array. */
export const float32 = (shape: readonly number[], data: Float32Array): HostTensor =>
  hostTensor("float32", shape, data);

/** A tensor without axes. */
export function scalarTensor(dtype: DType, value: number): HostTensor {
  const data = allocate(dtype, 1);
  if (data instanceof BigInt64Array) data[0] = BigInt(value);
  else data[0] = value;
  return { dtype, shape: [], data };
}

/** A vector of int64, as ONNX wants its axes and shapes. */
export const int64 = (values: readonly number[]): HostTensor => ({
  dtype: "int64",
  shape: [values.length],
  data: BigInt64Array.from(values, BigInt),
});

/** A tensor of int32 over an array. */
export const int32 = (shape: readonly number[], data: Int32Array): HostTensor =>
  hostTensor("int32", shape, data);

/** Bytes that a tensor of this type and shape takes. */
export const tensorBytes = (dtype: DType, shape: readonly number[]): number =>
  elementCount(shape) * bytesPerElement(dtype);

/** The elements as float32. @throws {ShapeError} if the tensor holds another type. */
export function asFloat32(tensor: HostTensor): Float32Array {
  if (tensor.data instanceof Float32Array) return tensor.data;
  throw new ShapeError(`tensor: expected float32, got ${tensor.dtype}`, { x: tensor.shape });
}
