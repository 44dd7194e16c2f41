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

interface DTypeInfo {
  readonly bytes: number;
  readonly array: (elements: number) => TypedArray;
  readonly holds: (data: TypedArray) => boolean;
}

const DTYPES: Readonly<Record<DType, DTypeInfo>> = {
  float32: info(
    4,
    (n) => new Float32Array(n),
    (d) => d instanceof Float32Array,
  ),
  float64: info(
    8,
    (n) => new Float64Array(n),
    (d) => d instanceof Float64Array,
  ),
  float16: info(
    2,
    (n) => new Uint16Array(n),
    (d) => d instanceof Uint16Array,
  ),
  bfloat16: info(
    2,
    (n) => new Uint16Array(n),
    (d) => d instanceof Uint16Array,
  ),
  int64: info(
    8,
    (n) => new BigInt64Array(n),
    (d) => d instanceof BigInt64Array,
  ),
  int32: info(
    4,
    (n) => new Int32Array(n),
    (d) => d instanceof Int32Array,
  ),
  uint32: info(
    4,
    (n) => new Uint32Array(n),
    (d) => d instanceof Uint32Array,
  ),
  uint16: info(
    2,
    (n) => new Uint16Array(n),
    (d) => d instanceof Uint16Array,
  ),
  uint8: info(
    1,
    (n) => new Uint8Array(n),
    (d) => d instanceof Uint8Array,
  ),
  int8: info(
    1,
    (n) => new Int8Array(n),
    (d) => d instanceof Int8Array,
  ),
  bool: info(
    1,
    (n) => new Uint8Array(n),
    (d) => d instanceof Uint8Array,
  ),
};

function info(bytes: number, array: DTypeInfo["array"], holds: DTypeInfo["holds"]): DTypeInfo {
  return { bytes, array, holds };
}

/** Bytes of one element. */
export const bytesPerElement = (dtype: DType): number => DTYPES[dtype].bytes;

/** A zero-filled array for `elements` elements. */
export const allocate = (dtype: DType, elements: number): TypedArray =>
  DTYPES[dtype].array(elements);

/** Whether `data` is the kind of array that holds `dtype`. */
export const holdsDType = (dtype: DType, data: TypedArray): boolean => DTYPES[dtype].holds(data);

/** Whether gradients flow through values of this type. */
export const isFloat = (dtype: DType): boolean => dtype === "float32" || dtype === "float64";
