/** @file A runtime over onnxruntime with tensors in host memory, whichever of its packages provides the sessions. */

import { GraphError, ShapeError } from "../errors.ts";
import type { Program } from "../onnx/model.ts";
import { bytesPerElement, type DType, type TypedArray } from "../tensor/dtype.ts";
import { copyElements } from "./buffers.ts";
import { type HostTensor, zeros } from "../tensor/host-tensor.ts";
import { elementCount, sameShape } from "../tensor/shape.ts";
import type { Buffer, Executable, LoadOptions, Runtime, View, Views } from "./runtime.ts";

/** The part of onnxruntime's interface that is used, in terms of its own tensor type. */
export interface SessionProvider<Tensor> {
  readonly name: string;
  createTensor(
    dtype: Exclude<DType, "bfloat16">,
    data: TypedArray,
    shape: readonly number[],
  ): Tensor;
  createSession(bytes: Uint8Array, options: LoadOptions): Promise<Session<Tensor>>;
  /** Frees unreachable arrays now, where that is possible: "minor" the recent ones, "major" all. */
  collectGarbage?(kind: "minor" | "major"): void;
}

/** Batches, feeds and refused answers are garbage soon; V8 lets tens of megabytes of it gather. */
const RUNS_BETWEEN_COLLECTIONS = 256;

export interface Session<Tensor> {
  /** Reads feeds and writes fetches in place. */
  run(
    feeds: Readonly<Record<string, Tensor>>,
    fetches: Readonly<Record<string, Tensor>>,
  ): Promise<unknown>;
  release(): Promise<void>;
}

/** What stands behind a buffer. */
interface Held<Tensor> {
  readonly tensor: Tensor;
  readonly data: TypedArray;
  /** Asked for once: an array's memory is slow to ask for. */
  readonly range: Range;
}

export function hostRuntime<Tensor>(provider: SessionProvider<Tensor>): Runtime {
  const memory = new WeakMap<View, Held<Tensor>>();
  const clock = { ms: 0, runs: 0 };

  function adopt({ dtype, shape, data }: HostTensor): Buffer {
    const buffer: Buffer = {
      dtype,
      shape,
      bytes: data.length * bytesPerElement(dtype),
      write: (fill) => fill(data),
      read: () => Promise.resolve(data),
      copyFrom(source) {
        const from = memory.get(source)?.data;
        if (!from || source.dtype !== dtype || from.length !== data.length) {
          throw new ShapeError("copy: buffers differ", { from: source.shape, to: shape });
        }
        copyElements(from, data);
      },
      view(to) {
        const size = elementCount(to);
        if (size > data.length) throw new ShapeError("view: too large", { buffer: shape, to });
        return adopt({ dtype, shape: to, data: data.subarray(0, size) });
      },
      rows(start, end) {
        const rows = shape[0] ?? 0;
        if (start < 0 || end < start || end > rows) {
          throw new ShapeError(`rows: no range ${start} to ${end}`, { buffer: shape });
        }
        const width = rows === 0 ? 0 : data.length / rows;
        return adopt({
          dtype,
          shape: shape.with(0, end - start),
          data: data.subarray(start * width, end * width),
        });
      },
      release: () => undefined,
    };
    // onnxruntime's JavaScript has no bfloat16; programs take such numbers by their bits.
    const type = dtype === "bfloat16" ? "uint16" : dtype;
    const { buffer: held, byteOffset: begin, byteLength } = data;
    const range = { held, begin, end: begin + byteLength };
    memory.set(buffer, { tensor: provider.createTensor(type, data, shape), data, range });
    return buffer;
  }

  const allocate: Runtime["allocate"] = (dtype, shape) => adopt(zeros(dtype, shape));

  function bind(
    kind: "feed" | "fetch",
    buffers: Views,
    types: Program["inputs"],
  ): { readonly tensors: Record<string, Tensor>; readonly located: Located } {
    checkTypes(kind, buffers, types);
    const tensors: Record<string, Tensor> = {};
    const located: [name: string, range: Range][] = [];
    for (const [name, buffer] of Object.entries(buffers)) {
      const found = memory.get(buffer);
      if (!found) throw new GraphError(`run: ${kind} "${name}" belongs to another runtime`);
      tensors[name] = found.tensor;
      located.push([name, found.range]);
    }
    return { tensors, located };
  }

  return {
    name: provider.name,
    allocate,
    allocateAtRest: allocate,
    adopt,
    elapsedMs: () => clock.ms,
    collectGarbage: () => provider.collectGarbage?.("major"),

    async load(program, options = {}): Promise<Executable> {
      const session = await provider.createSession(program.bytes, options);
      return {
        program,
        async run(feeds, fetches) {
          const bound = bind("feed", feeds, program.inputs);
          checkComplete(program, feeds);
          const wanted = bind("fetch", fetches, program.outputs);
          checkOverwrites(program, bound.located, wanted.located);
          const start = performance.now();
          await session.run(bound.tensors, wanted.tensors);
          clock.ms += performance.now() - start;
          clock.runs += 1;
          if (clock.runs % RUNS_BETWEEN_COLLECTIONS === 0) provider.collectGarbage?.("minor");
        },
        release: () => session.release(),
      };
    },
  };
}

/** @throws {GraphError} if a view is none of the program's, or has another type or shape than the program says. */
export function checkTypes(kind: "feed" | "fetch", views: Views, types: Program["inputs"]): void {
  for (const [name, view] of Object.entries(views)) {
    const type = types[name];
    if (!type) throw new GraphError(`run: the program has no ${kind} "${name}"`);
    if (type.dtype !== view.dtype || !fits(view.shape, type.shape)) {
      throw new GraphError(
        `run: ${kind} "${name}" must be ${type.dtype} [${type.shape.join(", ")}]` +
          `; got ${view.dtype} [${view.shape.join(", ")}]`,
      );
    }
  }
}

/** @throws {GraphError} if something is not fed. */
export function checkComplete({ inputs }: Program, feeds: Views): void {
  for (const name of Object.keys(inputs)) {
    if (!(name in feeds)) throw new GraphError(`run: no feed "${name}"`);
  }
}

/** Bytes of a piece of memory. */
export interface Range {
  readonly held: object;
  readonly begin: number;
  readonly end: number;
}

/** Tensors by name, and where they lie. */
export type Located = readonly (readonly [name: string, range: Range])[];

/**
 * Memory that is both fed and fetched must be one tensor, which its output may overwrite.
 *
 * @throws {GraphError} if it is not.
 */
export function checkOverwrites(program: Program, feeds: Located, fetches: Located): void {
  for (const [i, [output, target]] of fetches.entries()) {
    for (const [input, range] of feeds) {
      if (!overlap(range, target)) continue;
      const same = range.begin === target.begin && range.end === target.end;
      if (!same || !program.mayOverwrite(output, input)) {
        throw new GraphError(`run: output "${output}" would overwrite input "${input}" too early`);
      }
    }
    for (const [other, range] of fetches.slice(0, i)) {
      if (overlap(range, target)) {
        throw new GraphError(`run: outputs "${other}" and "${output}" share memory`);
      }
    }
  }
}

/** Whether two tensors have bytes in common. */
export const overlap = (a: Range, b: Range): boolean =>
  a.held === b.held && a.begin < b.end && b.begin < a.end;

const fits = (shape: readonly number[], expected: Program["inputs"][string]["shape"]): boolean =>
  sameShape(
    shape,
    expected.map((dim, axis) => (typeof dim === "string" ? (shape[axis] ?? dim) : dim)),
  );
