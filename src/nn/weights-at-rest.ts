/**
 * @file Weights as they rest, and as they are used. Floats of sixteen bits are cast; a frozen matrix may rest in fewer, as whole numbers
 * q and scales s:
 *
 *   int8   w = s q         q from -127 to 127; s float32, one a row
 *   q4     w = s (q - 8)   q from 0 to 15, two a byte; s float16, one for each 32 numbers of a row
 *
 * A program makes float32 of them where they are used, so that never more than the weights of a stage are there in that form. In q4 the
 * lower halves of 16 bytes are the first 16 numbers of a block, as in Q4_0 of llama.cpp: then the halves need no interleaving.
 */

import { input, type Value } from "../graph/value.ts";
import { cast } from "../ops/elementwise.ts";
import { concat, fill, reshape } from "../ops/movement.ts";
import { dequantizeRows, nibbles } from "../ops/quantized.ts";
import type { DType, TypedArray } from "../tensor/dtype.ts";
import { float32ToFloat16 } from "../tensor/half.ts";
import { inBlocks, inRows } from "../tensor/rounded-rows.ts";
import { elementCount } from "../tensor/shape.ts";

/** As what frozen matrices may rest in fewer than sixteen bits. */
export const BASE_DTYPES = ["int8", "q4"] as const;
/** One of them. */
export type BaseDType = (typeof BASE_DTYPES)[number];

/** In what products with a base in int8 are computed. */
export const COMPUTE_DTYPES = ["float32", "int8"] as const;
/** One of them. */
export type ComputeDType = (typeof COMPUTE_DTYPES)[number];

/** The types of whole numbers and scales. */
export interface RoundedTypes {
  readonly codes: RoundedTensor<"int8" | "uint8">;
  readonly scales: RoundedTensor<"float16" | "float32">;
}

interface RoundedTensor<Type extends DType> {
  readonly dtype: Type;
  readonly shape: readonly number[];
}

/** The elements of both. */
export interface RoundedElements {
  readonly codes: TypedArray;
  readonly scales: TypedArray;
}

interface Format {
  types(shape: readonly number[]): RoundedTypes;
  round(values: Float32Array, shape: readonly number[]): RoundedElements;
  widen(codes: Value, scales: Value, shape: readonly number[]): Value;
}

const BLOCK = 32;
const HALF = BLOCK / 2;
/** The whole number that stands for 0 in q4. */
const MIDDLE = 8;

const FORMATS: Readonly<Record<BaseDType, Format>> = {
  int8: {
    types: (shape) => ({
      codes: { dtype: "int8", shape },
      scales: { dtype: "float32", shape: [rowsOf(shape)] },
    }),
    round(values, shape) {
      const { whole, scales } = inRows(values, rowsOf(shape), 127);
      return { codes: Int8Array.from(whole), scales };
    },
    widen(codes, scales, shape) {
      // onnxruntime moves a transposition before a DequantizeLinear that it follows, where it takes ten times as long.
      const apart = reshape(codes, [rowsOf(shape), 1, elementCount(shape) / rowsOf(shape)]);
      return reshape(dequantizeRows(apart, scales), shape);
    },
  },
  q4: {
    types(shape) {
      const blocks = elementCount(shape) / BLOCK;
      return {
        codes: { dtype: "uint8", shape: [blocks, HALF] },
        scales: { dtype: "float16", shape: [blocks] },
      };
    },
    round(values, shape) {
      const rows = rowsOf(shape);
      const { whole, scales } = inBlocks(values, rows, values.length / rows, BLOCK);
      return { codes: packHalves(whole), scales: float32ToFloat16(scales) };
    },
    widen(codes, scales, shape) {
      const numbers = concat(nibbles(codes), 1); // [blocks, 32]
      const middles = fill(codes, MIDDLE, scales.shape.map(Number)); // [blocks]
      return reshape(dequantizeRows(numbers, cast(scales, "float32"), middles), shape);
    },
  },
};

const rowsOf = ([rows = 1]: readonly number[]): number => rows;

/** Whole numbers from -8 to 7 as bytes: in its lower half a number of the first 16 of a block, in its upper half one of the others. */
function packHalves(whole: Float32Array): Uint8Array {
  const bytes = new Uint8Array(whole.length / 2);
  for (const i of bytes.keys()) {
    const first = Math.floor(i / HALF) * BLOCK + (i % HALF);
    const [lower = 0, upper = 0] = [whole[first], whole[first + HALF]];
    bytes[i] = (lower + MIDDLE) | ((upper + MIDDLE) << 4);
  }
  return bytes;
}

/** As what a matrix rests: rows that are no whole blocks have no place in q4, and rest in int8. */
export const baseDTypeOf = ([, columns = 0]: readonly number[], wanted: BaseDType): BaseDType =>
  columns % BLOCK === 0 ? wanted : "int8";

/** The types of the tensors as which a matrix rests. */
export const roundedTypes = (shape: readonly number[], dtype: BaseDType): RoundedTypes =>
  FORMATS[dtype].types(shape);

/** The name of the scales of a weight. */
export const scalesName = (weight: string): string => `${weight}:scales`;

/** A matrix as whole numbers and scales. */
export const roundWeight = (
  values: Float32Array,
  shape: readonly number[],
  dtype: BaseDType,
): RoundedElements => FORMATS[dtype].round(values, shape);

/** As what whole numbers of a type rest; undefined for floats. */
export function baseDTypeOfCodes(dtype: DType): BaseDType | undefined {
  return BASE_DTYPES.find((name) => FORMATS[name].types([1, BLOCK]).codes.dtype === dtype);
}

/** The inputs as which a matrix rests. */
export function roundedInputs(
  name: string,
  shape: readonly number[],
  dtype: BaseDType,
): { readonly codes: Value; readonly scales: Value } {
  const { codes, scales } = FORMATS[dtype].types(shape);
  return {
    codes: input(name, codes.dtype, codes.shape),
    scales: input(scalesName(name), scales.dtype, scales.shape),
  };
}

/** A weight in float32, of the inputs as which it rests. */
export function weightAtUse(name: string, shape: readonly number[], resting: DType): Value {
  const dtype = baseDTypeOfCodes(resting);
  if (dtype === undefined) return cast(input(name, resting, shape), "float32");
  const { codes, scales } = roundedInputs(name, shape, dtype);
  return FORMATS[dtype].widen(codes, scales, shape);
}
