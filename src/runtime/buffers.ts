/** @file Buffers as the host uses them: looking them up, filling, copying and reading them. */

import { option, UsageError } from "../errors.ts";
import type { TypedArray } from "../tensor/dtype.ts";
import { float32ToBfloat16, float32ToFloat16, overflowOf } from "../tensor/half.ts";
import type { HostTensor } from "../tensor/host-tensor.ts";
import { elementCount, sameShape } from "../tensor/shape.ts";
import type { Buffer, Buffers } from "./runtime.ts";

/** Elements that are float32 by construction. */
export function floats(elements: unknown): Float32Array {
  if (elements instanceof Float32Array) return elements;
  throw new Error("internal: float32 expected");
}

/** Copies between arrays of the same numbers. */
export function copyElements(from: TypedArray, to: TypedArray): void {
  if (from instanceof BigInt64Array || to instanceof BigInt64Array) {
    throw new Error("internal: state is not int64");
  }
  to.set(from);
}

/** A buffer that must be there. */
export function bufferOf<K>(buffers: ReadonlyMap<K, Buffer>, key: K): Buffer {
  const buffer = buffers.get(key);
  if (buffer) return buffer;
  throw new Error(`internal: no buffer ${String(key)}`);
}

export function bufferNamed(buffers: Buffers, key: string): Buffer {
  const buffer = buffers[key];
  if (buffer) return buffer;
  throw new Error(`internal: no buffer ${key}`);
}

/** Copies a tensor into a buffer, which may hold float32 in sixteen bits. @throws {UsageError} if their shapes differ, or a number is too large. */
export function restore(name: string, buffer: Buffer, tensor: HostTensor): void {
  const data = elementsFor(name, buffer, tensor);
  buffer.write((elements) => copyElements(data, elements));
}

/** The same of rows `start` to `end` of a buffer. */
export async function restoreRows(
  name: string,
  buffer: Buffer,
  tensor: HostTensor,
  { start, end }: { readonly start: number; readonly end: number },
): Promise<void> {
  const { dtype, shape } = buffer;
  const rows = elementsFor(name, { dtype, shape: shape.with(0, end - start) }, tensor);
  const data = (await buffer.read()).slice();
  copyElements(rows, data.subarray(start * elementCount(shape.slice(1))));
  buffer.write((elements) => copyElements(data, elements));
}

/** A tensor as the elements of a buffer of its shape. */
function elementsFor(
  name: string,
  { dtype, shape }: Pick<Buffer, "dtype" | "shape">,
  tensor: HostTensor,
): TypedArray {
  const isNarrow = dtype === "float16" || dtype === "bfloat16";
  if (isNarrow && tensor.dtype === "float32" && sameShape(shape, tensor.shape)) {
    const values = floats(tensor.data);
    const bits = NARROW[dtype](values);
    const lost = overflowOf(dtype, values, bits);
    if (lost !== undefined) {
      throw new UsageError(`${name}: a number is too large for ${dtype}; got ${lost}`, {
        hint: `choose another ${option("weightDtype")}; bfloat16 and float32 reach further`,
      });
    }
    return bits;
  }
  if (!sameShape(shape, tensor.shape) || dtype !== tensor.dtype) {
    throw new UsageError(
      `${name}: must be ${dtype} [${shape.join(", ")}]` +
        `; got ${tensor.dtype} [${tensor.shape.join(", ")}]`,
    );
  }
  return tensor.data;
}

const NARROW = { float16: float32ToFloat16, bfloat16: float32ToBfloat16 } as const;

/** Overwrites all elements by 0. */
export const clear = (buffer: Buffer): void => fill(buffer, 0);

/** Overwrites all elements by one number. */
export const fill = (buffer: Buffer, value: number): void =>
  buffer.write((elements) => {
    if (elements instanceof BigInt64Array) throw new Error("internal: state is not int64");
    elements.fill(value);
  });

/** Overwrites all elements by these. */
export const setElements = (buffer: Buffer, values: TypedArray): void =>
  buffer.write((elements) => copyElements(values, elements));

/** Gives the memory of all of them back. */
export function releaseAll(buffers: Iterable<Buffer>): void {
  for (const buffer of buffers) buffer.release();
}

/** The only element. */
export async function numberOf(buffer: Buffer): Promise<number> {
  const [value] = await buffer.read();
  return Number(value);
}
