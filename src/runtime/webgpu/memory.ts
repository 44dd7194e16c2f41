/**
 * @file Tensors in the memory of a GPU. Views share a piece of memory; a program sees whole buffers, so that what begins in the middle of one is
 * copied to a buffer of its own before the program runs, and back when it was written.
 */

import { GraphError, option, ShapeError, UsageError } from "../../errors.ts";
import { allocate, bytesPerElement, type DType, type TypedArray } from "../../tensor/dtype.ts";
import type { HostTensor } from "../../tensor/host-tensor.ts";
import { elementCount } from "../../tensor/shape.ts";
import { copyElements } from "../buffers.ts";
import type { Buffer, View } from "../runtime.ts";
import type { Range } from "../session.ts";
import { type GpuBuffer, type GpuDevice, MAP_READ, READ_USAGE, STORAGE_USAGE } from "./gpu.ts";

/** A buffer of the device, which another takes the place of when a program has written all of it anew. */
export interface Piece {
  gpu: GpuBuffer;
  /** Whether it was given back. */
  isReleased?: true;
}

/** Where a tensor lies. */
export interface Place extends Range {
  readonly held: Piece;
}

/** The memory of a device. */
export interface Memory {
  /** A zero-filled buffer. */
  allocate(dtype: DType, shape: readonly number[]): Buffer;
  /** A buffer with a copy of these numbers. */
  adopt(tensor: HostTensor): Buffer;
  /** Where a view lies; undefined for one of another runtime. */
  placeOf(view: View): Place | undefined;
  /** A buffer of the device whose contents are whatever was there. */
  borrow(bytes: number): GpuBuffer;
  giveBack(gpu: GpuBuffer): void;
  copy(from: GpuBuffer, fromOffset: number, to: GpuBuffer, toOffset: number, bytes: number): void;
}

/** The types that onnxruntime takes in buffers of a device. */
export const GPU_DTYPES = ["float32", "float16", "int32", "uint32", "uint8", "bool"] as const;
/** One of them. */
export type GpuDType = (typeof GPU_DTYPES)[number];

/** Whether tensors of a type can lie on a device. */
export const isGpuDType = (dtype: DType): dtype is GpuDType =>
  GPU_DTYPES.some((each) => each === dtype);

/** Kernels read and write four words at a time. */
const ALIGNMENT = 16;
const aligned = (bytes: number): number =>
  Math.max(ALIGNMENT, Math.ceil(bytes / ALIGNMENT) * ALIGNMENT);
/** Copies move whole words. */
const WORD = 4;
const words = (bytes: number): number => Math.ceil(bytes / WORD) * WORD;

/**
 * @param check - throws if the device was lost, or has refused something
 */
export function gpuMemory(device: GpuDevice, check: () => void): Memory {
  const places = new WeakMap<View, Place>();
  const spare = new Map<number, GpuBuffer[]>();

  function create(bytes: number): GpuBuffer {
    const most = Math.min(device.limits.maxBufferSize, device.limits.maxStorageBufferBindingSize);
    if (bytes > most) {
      throw new UsageError(
        `${option("device")}: a tensor is larger than this GPU's buffers; got ${bytes} bytes, and ${most} are the most`,
        { hint: `take ${option("device", "wasm")}` },
      );
    }
    return device.createBuffer({ size: aligned(bytes), usage: STORAGE_USAGE });
  }

  function copy(
    from: GpuBuffer,
    fromOffset: number,
    to: GpuBuffer,
    toOffset: number,
    bytes: number,
  ): void {
    const encoder = device.createCommandEncoder();
    encoder.copyBufferToBuffer(from, fromOffset, to, toOffset, words(bytes));
    device.queue.submit([encoder.finish()]);
  }

  /** Copies the bytes of a place into an array. */
  async function read({ held, begin, end }: Place, elements: TypedArray): Promise<void> {
    check();
    const staging = device.createBuffer({ size: words(end - begin), usage: READ_USAGE });
    copy(held.gpu, begin, staging, 0, end - begin);
    try {
      await staging.mapAsync(MAP_READ);
      bytesOf(elements).set(new Uint8Array(staging.getMappedRange(), 0, end - begin));
    } finally {
      staging.destroy();
      // What was lost or refused says more than a map that failed.
      check();
    }
  }

  function bufferAt(place: Place, dtype: DType, shape: readonly number[]): Buffer {
    const { held, begin } = place;
    const width = bytesPerElement(dtype);
    const size = elementCount(shape);
    /** A part of it. Copies move whole words: they must not reach into what is beside it. */
    const part = (first: number, to: readonly number[]) => {
      const from = begin + first * width;
      const end = from + elementCount(to) * width;
      if (from % WORD !== 0) throw new ShapeError("rows: begin within a word", { buffer: shape });
      return bufferAt({ held, begin: from, end }, dtype, to);
    };
    const buffer: Buffer = {
      dtype,
      shape,
      bytes: size * width,
      write(fill) {
        checkHeld(place, buffer);
        const elements = allocate(dtype, words(buffer.bytes) / width);
        fill(elements.subarray(0, size));
        device.queue.writeBuffer(held.gpu, begin, elements);
      },
      async read() {
        checkHeld(place, buffer);
        const elements = allocate(dtype, size);
        await read(place, elements);
        return elements;
      },
      copyFrom(source) {
        checkHeld(place, buffer);
        const from = places.get(source);
        if (from) checkHeld(from, source);
        if (!from || source.dtype !== dtype || elementCount(source.shape) !== size) {
          throw new ShapeError("copy: buffers differ", { from: source.shape, to: shape });
        }
        copy(from.held.gpu, from.begin, held.gpu, begin, buffer.bytes);
      },
      view(to) {
        if (elementCount(to) > size) throw new ShapeError("view: too large", { buffer: shape, to });
        return part(0, to);
      },
      rows(start, end) {
        const rows = shape[0] ?? 0;
        if (start < 0 || end < start || end > rows) {
          throw new ShapeError(`rows: no range ${start} to ${end}`, { buffer: shape });
        }
        return part(rows === 0 ? 0 : (start * size) / rows, shape.with(0, end - start));
      },
      release() {
        // What changes places with it serves no other once it is gone, or is made anew.
        held.isReleased = true;
        const lent = spare.get(held.gpu.size) ?? [];
        spare.delete(held.gpu.size);
        for (const gpu of [held.gpu, ...lent]) gpu.destroy();
      },
    };
    places.set(buffer, place);
    return buffer;
  }

  function allocateBuffer(dtype: DType, shape: readonly number[]): Buffer {
    if (!isGpuDType(dtype) || (dtype === "float16" && !device.features.has("shader-f16"))) {
      throw new UsageError(`${option("device")}: this GPU keeps no ${dtype}`, {
        hint: `take ${option("device", "wasm")}, or float32 for weights and accumulators`,
      });
    }
    const end = elementCount(shape) * bytesPerElement(dtype);
    return bufferAt({ held: { gpu: create(end) }, begin: 0, end }, dtype, shape);
  }

  return {
    allocate: allocateBuffer,
    adopt({ dtype, shape, data }) {
      const buffer = allocateBuffer(dtype, shape);
      buffer.write((elements) => copyElements(data, elements));
      return buffer;
    },
    placeOf(view) {
      const place = places.get(view);
      if (place) checkHeld(place, view);
      return place;
    },
    borrow: (bytes) => spare.get(aligned(bytes))?.pop() ?? create(bytes),
    giveBack(gpu) {
      const others = spare.get(gpu.size);
      if (others) others.push(gpu);
      else spare.set(gpu.size, [gpu]);
    },
    copy,
  };
}

/** The device would refuse it, and be of no use to anybody after that. */
function checkHeld({ held }: Place, { dtype, shape }: View): void {
  if (held.isReleased) throw new GraphError(`${dtype} [${shape.join(", ")}]: it was released`);
}

const bytesOf = ({ buffer, byteOffset, byteLength }: TypedArray): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength);
