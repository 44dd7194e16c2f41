/**
 * @file A runtime that computes nothing: buffers have types but no memory, programs do not run. One step of an engine on it says what the
 * step would allocate and compile, and takes milliseconds.
 */

import type { Program } from "../onnx/model.ts";
import { bytesPerElement, type DType } from "../tensor/dtype.ts";
import { zeros } from "../tensor/host-tensor.ts";
import { elementCount } from "../tensor/shape.ts";
import type { Buffer, LoadOptions, Runtime } from "./runtime.ts";

export interface CountedProgram {
  readonly program: Program;
  /** Whether it keeps its memory between runs. */
  readonly arena: boolean;
}

export interface CountingRuntime extends Runtime {
  /** The programs that were loaded, in that order. */
  readonly programs: readonly CountedProgram[];
}

export function countingRuntime(): CountingRuntime {
  const programs: CountedProgram[] = [];
  return {
    name: "counting",
    programs,
    allocate: countedBuffer,
    allocateAtRest: countedBuffer,
    adopt: ({ dtype, shape }) => countedBuffer(dtype, shape),
    load(program: Program, { arena = true }: LoadOptions = {}) {
      programs.push({ program, arena });
      return Promise.resolve({
        program,
        run: () => Promise.resolve(),
        release: () => Promise.resolve(),
      });
    },
    collectGarbage: () => undefined,
    elapsedMs: () => 0,
  };
}

const countedBuffer = (dtype: DType, shape: readonly number[]): Buffer => ({
  dtype,
  shape,
  bytes: elementCount(shape) * bytesPerElement(dtype),
  write: () => undefined,
  read: () => Promise.resolve(zeros(dtype, shape).data),
  copyFrom: () => undefined,
  rows: (start, end) => countedBuffer(dtype, shape.with(0, end - start)),
  view: (to) => countedBuffer(dtype, to),
  release: () => undefined,
});
