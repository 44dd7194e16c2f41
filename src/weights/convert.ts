/**
 * @file The floats of a checkpoint in the type that it is to have, converted one tensor at a time.
 *
 * Rounds to nearest, ties to even; float64 goes through float32, as in PyTorch. What would become
 * infinite is an error: a model with infinities is lost, and nobody would know before it is used.
 */

import { UsageError } from "../errors.ts";
import type { DType, TypedArray } from "../tensor/dtype.ts";
import {
  bfloat16ToFloat32,
  float16ToFloat32,
  float32ToBfloat16,
  float32ToFloat16,
} from "../tensor/half.ts";
import type { NamedTensor } from "./files/safetensors.ts";

/** The types in which weights are saved. */
export type StorageDType = "float32" | "float16" | "bfloat16";

interface Storage {
  readonly narrow: (values: Float32Array) => Float32Array | Uint16Array;
  readonly isInfinite: (element: number) => boolean;
  readonly largest: string;
  /** What to do about a larger number. */
  readonly hint?: string;
}

const STORAGE: Readonly<Record<StorageDType, Storage>> = {
  float32: {
    narrow: (values) => values,
    isInfinite: (element) => Math.abs(element) === Infinity,
    largest: "3.4e38",
  },
  float16: {
    narrow: float32ToFloat16,
    isInfinite: (bits) => (bits & 0x7fff) === 0x7c00,
    largest: "65504",
    hint: "save in bfloat16 or float32, which reach further",
  },
  bfloat16: {
    narrow: float32ToBfloat16,
    isInfinite: (bits) => (bits & 0x7fff) === 0x7f80,
    largest: "3.39e38",
    hint: "save in float32, which reaches a little further",
  },
};

const FLOATS: ReadonlySet<DType> = new Set<DType>(["float32", "float64", "float16", "bfloat16"]);

/** The type of the first tensor of floats, which Hugging Face takes for that of the model. */
export const floatTypeOf = (tensors: readonly NamedTensor[]): DType | undefined =>
  tensors.find(([, { dtype }]) => FLOATS.has(dtype))?.[1].dtype;

/**
 * A tensor whose floats are converted to `dtype` when it is read; other types stay as they are.
 *
 * @throws {UsageError} when it is read, if a finite number becomes infinite.
 */
export function convertTo(dtype: StorageDType, [name, tensor]: NamedTensor): NamedTensor {
  if (tensor.dtype === dtype || !FLOATS.has(tensor.dtype)) return [name, tensor];
  const read = async (): Promise<TypedArray> => {
    const data = "data" in tensor ? tensor.data : await tensor.read();
    return narrow(name, dtype, valuesOf(tensor.dtype, data));
  };
  return [name, { dtype, shape: tensor.shape, read }];
}

/** The numbers that `data` stands for. */
function valuesOf(dtype: DType, data: TypedArray): Float32Array | Float64Array {
  if (data instanceof Float32Array || data instanceof Float64Array) return data;
  if (data instanceof Uint16Array && dtype === "float16") return float16ToFloat32(data);
  if (data instanceof Uint16Array && dtype === "bfloat16") return bfloat16ToFloat32(data);
  throw new Error(`internal: ${data.constructor.name} for ${dtype}`);
}

function narrow(
  name: string,
  dtype: StorageDType,
  values: Float32Array | Float64Array,
): Float32Array | Uint16Array {
  const { narrow: convert, isInfinite, largest, hint } = STORAGE[dtype];
  const elements = convert(values instanceof Float32Array ? values : new Float32Array(values));
  for (let i = 0; i < elements.length; i++) {
    const value = values[i];
    if (!isInfinite(elements[i] ?? 0) || !Number.isFinite(value)) continue;
    const message = `tensor ${JSON.stringify(name)}: ${dtype} ends at ${largest}; got ${value}`;
    throw new UsageError(message, hint === undefined ? {} : { hint });
  }
  return elements;
}
