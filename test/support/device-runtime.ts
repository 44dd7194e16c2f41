/**
 * A runtime whose memory the host cannot reach, as on a GPU: what is written is staged and copied, what is read is a copy, and an array
 * to be written begins as rubbish; what was released is gone. Whoever relies on more than the contract of `Buffer` gets other numbers on it.
 */

import type { Buffer, Runtime, View } from "../../src/runtime/runtime.ts";
import { bytesPerElement, type DType, type TypedArray } from "../../src/tensor/dtype.ts";
import { type HostTensor, zeros } from "../../src/tensor/host-tensor.ts";
import { elementCount } from "../../src/tensor/shape.ts";

interface Memory {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly data: TypedArray;
  /** That of the whole buffer. */
  readonly life: { isOver: boolean };
}

export interface DeviceRuntime extends Runtime {
  /** Buffers that nobody has released. */
  held(): number;
}

/** A device whose programs run on another runtime. */
export function deviceRuntime(processor: Runtime): DeviceRuntime {
  const memory = new WeakMap<View, Memory>();
  const alive = new Set<Memory["life"]>();

  function viewOf(own: Memory): View {
    const { dtype, shape } = own;
    const view: View = { dtype, shape, bytes: elementCount(shape) * bytesPerElement(dtype) };
    memory.set(view, own);
    return view;
  }

  function bufferOf(own: Memory): Buffer {
    const { dtype, shape, data, life } = own;
    const buffer: Buffer = {
      dtype,
      shape,
      bytes: elementCount(shape) * bytesPerElement(dtype),
      write(fill) {
        at(buffer);
        const staged = zeros(dtype, shape).data;
        new Uint8Array(staged.buffer).fill(0x5a);
        fill(staged);
        copy(staged, data);
      },
      read: async () => at(buffer).data.slice(),
      copyFrom: (source) => copy(at(source).data, at(buffer).data),
      rows(start, end) {
        const width = data.length / (shape[0] ?? 1);
        const part = data.subarray(start * width, end * width);
        return viewOf({ dtype, shape: shape.with(0, end - start), data: part, life });
      },
      view: (to) => bufferOf({ dtype, shape: to, data: data.subarray(0, elementCount(to)), life }),
      release() {
        life.isOver = true;
        alive.delete(life);
      },
    };
    memory.set(buffer, own);
    return buffer;
  }

  const at = (view: View): Memory => {
    const own = memory.get(view);
    if (!own) throw new Error("a buffer of another runtime");
    if (own.life.isOver) throw new Error("a buffer that was released");
    return own;
  };

  function begin(): Memory["life"] {
    const life = { isOver: false };
    alive.add(life);
    return life;
  }

  const allocate: Runtime["allocate"] = (dtype, shape) =>
    bufferOf({ dtype, shape, data: zeros(dtype, shape).data, life: begin() });

  return {
    name: "device",
    copies: true,
    held: () => alive.size,
    allocate,
    allocateAtRest: allocate,
    adopt: ({ dtype, shape, data }: HostTensor) =>
      bufferOf({ dtype, shape, data: data.slice(), life: begin() }),
    async load(program, options) {
      const executable = await processor.load(program, options);
      return {
        program,
        async run(feeds, fetches) {
          const fed = Object.entries(feeds).map(([name, view]) => {
            const { dtype, shape, data } = at(view);
            return [name, processor.adopt({ dtype, shape, data: data.slice() })] as const;
          });
          const fetched = Object.entries(fetches).map(([name, view]) => {
            const { dtype, shape } = at(view);
            return [name, processor.allocate(dtype, shape)] as const;
          });
          await executable.run(Object.fromEntries(fed), Object.fromEntries(fetched));
          for (const [name, result] of fetched) {
            const target = fetches[name];
            if (target) copy(await result.read(), at(target).data);
          }
        },
        release: () => executable.release(),
      };
    },
    collectGarbage: () => undefined,
    elapsedMs: () => processor.elapsedMs(),
  };
}

const copy = (from: TypedArray, to: TypedArray): void => {
  if (from.length !== to.length) throw new Error("sizes differ");
  bytesOf(to).set(bytesOf(from));
};

const bytesOf = ({ buffer, byteOffset, byteLength }: TypedArray): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength);
