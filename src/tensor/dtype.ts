/** @file Element types, their sizes and the typed arrays that hold them. */

/** Element types, by their ONNX names. Sixteen-bit floats are held as raw bits. */
export type DType =
  | "float32"
  | "float64"
  | "float16"
  | "bfloat16"
  | "int64"
  | "int32"
  | "uint32"
  | "uint16"
  | "uint8"
  | "int8"
  | "bool";

export type TypedArray =
  | Float32Array
  | Float64Array
  | BigInt64Array
  | Int32Array
  | Uint32Array
  | Uint16Array
  | Uint8Array
  | Int8Array;

interface ArrayType {
  new (elements: number): TypedArray;
  new (buffer: ArrayBuffer, begin: number, elements: number): TypedArray;
  readonly BYTES_PER_ELEMENT: number;
}

const ARRAYS: Readonly<Record<DType, ArrayType>> = {
  float32: Float32Array,
  float64: Float64Array,
  float16: Uint16Array,
  bfloat16: Uint16Array,
  int64: BigInt64Array,
  int32: Int32Array,
  uint32: Uint32Array,
  uint16: Uint16Array,
  uint8: Uint8Array,
  int8: Int8Array,
  bool: Uint8Array,
};

/** Bytes of one element. */
export const bytesPerElement = (dtype: DType): number => ARRAYS[dtype].BYTES_PER_ELEMENT;

/** A zero-filled array for `elements` elements. */
export const allocate = (dtype: DType, elements: number): TypedArray => new ARRAYS[dtype](elements);

/** An array of `elements` elements over memory that is there, from byte `begin` on. */
export const arrayOver = (
  dtype: DType,
  memory: ArrayBuffer,
  begin: number,
  elements: number,
): TypedArray => new ARRAYS[dtype](memory, begin, elements);

/** Whether `data` is the kind of array that holds `dtype`. */
export const holdsDType = (dtype: DType, data: TypedArray): boolean =>
  data instanceof ARRAYS[dtype];

/** Whether gradients flow through values of this type. */
export const isFloat = (dtype: DType): boolean => dtype === "float32" || dtype === "float64";
