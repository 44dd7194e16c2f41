/**
 * @file What runs programs. A runtime owns nothing that outlives a call but its compiled programs: tensors live in buffers that
 * the caller allocates, feeds and fetches into.
 */

import type { Program } from "../onnx/model.ts";
import type { DType, TypedArray } from "../tensor/dtype.ts";
import type { HostTensor } from "../tensor/host-tensor.ts";

/** What a program reads and writes: a tensor in the memory of a runtime. */
export interface View {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly bytes: number;
}

/**
 * A tensor in the memory of a runtime, which may be a device's. The host writes whole buffers and reads copies; parts of a buffer are for
 * programs alone.
 */
export interface Buffer extends View {
  /** Overwrites all elements by what `fill` writes into an array of their number, whose contents it must not rely on. */
  write(fill: (elements: TypedArray) => void): void;
  /** The elements, to be read: what is written into them may or may not reach the buffer. */
  read(): Promise<TypedArray>;
  /** Overwrites all elements by those of a buffer of the same type and size, which the host never sees. */
  copyFrom(source: Buffer): void;
  /** Rows `start` to `end` (exclusive) of the first axis, to be fed and fetched. */
  rows(start: number, end: number): View;
  /** The same memory from its start, in another shape with at most as many elements. */
  view(shape: readonly number[]): Buffer;
  /**
   * Gives memory of a device back at once, with all views of it, which must not be used any more: no garbage collector knows how large it is. Memory of
   * the host is left to that.
   */
  release(): void;
}

/** Buffers by name. */
export type Buffers = Readonly<Record<string, Buffer>>;

/** Views by name. */
export type Views = Readonly<Record<string, View>>;

/** A program in a form that runs. */
export interface Executable {
  readonly program: Program;
  /**
   * Runs the program: reads `feeds` in place, writes the outputs named in `fetches` into those buffers; other outputs are dropped.
   *
   * @throws {GraphError} if a feed is missing, or a buffer has another type or shape than the program says.
   */
  run(feeds: Views, fetches: Views): Promise<void>;
  /** Frees what was compiled; it cannot run any more. */
  release(): Promise<void>;
}

/** How a program is compiled. */
export interface LoadOptions {
  /** Keep freed memory for the next run; true by default. Faster for what runs often, smaller without for what runs rarely. */
  readonly arena?: boolean;
}

/** What buffers on disk take. */
export interface DiskUse {
  /** Bytes of the disk. */
  readonly bytes: number;
  /** Bytes of memory: the most of them that one program used at a time. */
  readonly bytesInMemory: number;
}

/** What compiles and runs programs, and owns the memory of their tensors. */
export interface Runtime {
  readonly name: string;
  /** A zero-filled buffer. */
  allocate(dtype: DType, shape: readonly number[]): Buffer;
  /** The same for what rests between few programs: weights. It may lie on disk. */
  allocateAtRest(dtype: DType, shape: readonly number[]): Buffer;
  /** Present where buffers at rest lie on disk. */
  readonly disk?: DiskUse;
  /** Present where tensors are copied to a device: the host may let go what it has handed over. */
  readonly copies?: true;
  /** A buffer over (on a device: with a copy of) the numbers of a host tensor. */
  adopt(tensor: HostTensor): Buffer;
  /** Compiles a program. */
  load(program: Program, options?: LoadOptions): Promise<Executable>;
  /** Frees unreachable memory now, where that is possible. */
  collectGarbage(): void;
  /** Milliseconds spent inside onnxruntime since the runtime was made. */
  elapsedMs(): number;
}

/** The numbers of a buffer as a host tensor. */
export const readTensor = async (buffer: Buffer): Promise<HostTensor> => ({
  dtype: buffer.dtype,
  shape: buffer.shape,
  data: await buffer.read(),
});
