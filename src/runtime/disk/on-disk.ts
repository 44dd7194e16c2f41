/**
 * @file A runtime whose buffers at rest lie on disk. What of them a program is fed lies in a window of memory while it runs, and what it
 * writes of them goes to disk after it. The window is used again by the next program, so that it is as large as what one program uses: of a
 * model in stages, the weights of a stage.
 *
 * Reading and writing block, as programs do; the system writes to the disk itself while others run, and keeps in memory what is free.
 */

import type { ScratchFile } from "../../host/host.ts";
import { arrayOver, type DType, type TypedArray } from "../../tensor/dtype.ts";
import { tensorBytes, zeros } from "../../tensor/host-tensor.ts";
import { elementCount } from "../../tensor/shape.ts";
import { GraphError, ShapeError } from "../../errors.ts";
import type { Buffer, DiskUse, Executable, Runtime, View, Views } from "../runtime.ts";

/** Where tensors begin, in the file and in the window: at lines of the cache. */
const ALIGNMENT = 64;
const aligned = (bytes: number): number => Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;

/** Bytes of the file. */
interface Range {
  readonly begin: number;
  readonly end: number;
}

/** @param runtime - one whose `adopt` does not copy */
export function onDisk(runtime: Runtime, file: ScratchFile): Runtime {
  const ranges = new WeakMap<View, Range>();
  const disk = { bytes: 0, bytesInMemory: 0 } satisfies DiskUse;
  let window = new ArrayBuffer(0);

  /** The first bytes of the window, which what was in it has to make room for. */
  function windowOf(bytes: number): ArrayBuffer {
    if (bytes <= window.byteLength) return window;
    window = new ArrayBuffer(bytes);
    disk.bytesInMemory = bytes;
    // The smaller one.
    runtime.collectGarbage();
    return window;
  }

  const inWindow = ({ dtype, shape, bytes }: View, begin = 0): TypedArray =>
    arrayOver(dtype, windowOf(begin + bytes), begin, elementCount(shape));

  function bufferAt(dtype: DType, shape: readonly number[], begin: number): Buffer {
    const bytes = tensorBytes(dtype, shape);
    const range = { begin, end: begin + bytes };
    const buffer: Buffer = {
      dtype,
      shape,
      bytes,
      write(fill) {
        const data = inWindow(buffer);
        fill(data);
        file.write(begin, bytesOf(data));
      },
      async read() {
        const { data } = zeros(dtype, shape);
        file.read(begin, bytesOf(data));
        return data;
      },
      copyFrom(source) {
        const data = inWindow(buffer);
        const from = ranges.get(source);
        if (from) file.read(from.begin, bytesOf(data));
        else runtime.adopt({ dtype, shape, data }).copyFrom(source);
        file.write(begin, bytesOf(data));
      },
      view(to) {
        if (elementCount(to) > elementCount(shape)) {
          throw new ShapeError("view: too large", { buffer: shape, to });
        }
        return bufferAt(dtype, to, begin);
      },
      rows(start, stop) {
        const [rows = 0] = shape;
        if (start < 0 || stop < start || stop > rows) {
          throw new ShapeError(`rows: no range ${start} to ${stop}`, { buffer: shape });
        }
        const row = rows === 0 ? 0 : bytes / rows;
        return bufferAt(dtype, shape.with(0, stop - start), begin + start * row);
      },
      // The file goes as a whole.
      release: () => undefined,
    };
    ranges.set(buffer, range);
    return buffer;
  }

  /** Where each of the ranges that a program uses begins in the window. */
  function layOut(views: readonly View[]): ReadonlyMap<number, number> {
    const places = new Map<number, number>();
    const used: Range[] = [];
    let end = 0;
    for (const view of views) {
      const range = ranges.get(view);
      if (!range) continue;
      const over = used.find((other) => other.begin < range.end && range.begin < other.end);
      if (over && (over.begin !== range.begin || over.end !== range.end)) {
        throw new GraphError("run: buffers on disk overlap, and are not the same");
      }
      if (over) continue;
      used.push(range);
      places.set(range.begin, end);
      end = aligned(end + range.end - range.begin);
    }
    windowOf(end);
    return places;
  }

  /** The views of a program in memory, and those of them that lie on disk. */
  function bind(views: Views, places: ReadonlyMap<number, number>) {
    const bound: Record<string, View> = {};
    const onFile: { readonly begin: number; readonly bytes: Uint8Array }[] = [];
    for (const [name, view] of Object.entries(views)) {
      const range = ranges.get(view);
      const place = places.get(range?.begin ?? -1);
      if (!range || place === undefined) {
        bound[name] = view;
        continue;
      }
      const data = inWindow(view, place);
      bound[name] = runtime.adopt({ dtype: view.dtype, shape: view.shape, data });
      onFile.push({ begin: range.begin, bytes: bytesOf(data) });
    }
    return { bound, onFile };
  }

  return {
    name: runtime.name,
    disk,
    allocate: (dtype, shape) => runtime.allocate(dtype, shape),
    allocateAtRest(dtype, shape) {
      const begin = disk.bytes;
      disk.bytes = aligned(begin + tensorBytes(dtype, shape));
      return bufferAt(dtype, shape, begin);
    },
    adopt: (tensor) => runtime.adopt(tensor),
    collectGarbage: () => runtime.collectGarbage(),
    elapsedMs: () => runtime.elapsedMs(),

    async load(program, options): Promise<Executable> {
      const executable = await runtime.load(program, options);
      return {
        program,
        async run(feeds, fetches) {
          const places = layOut([...Object.values(feeds), ...Object.values(fetches)]);
          const fed = bind(feeds, places);
          const fetched = bind(fetches, places);
          for (const { begin, bytes } of fed.onFile) file.read(begin, bytes);
          await executable.run(fed.bound, fetched.bound);
          for (const { begin, bytes } of fetched.onFile) file.write(begin, bytes);
        },
        release: () => executable.release(),
      };
    },
  };
}

const bytesOf = ({ buffer, byteOffset, byteLength }: TypedArray): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength);
