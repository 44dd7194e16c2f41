/**
 * @file Buffers that are written anew in every micro-step: activations, cotangents, masks, projections. A slot keeps the memory of
 * the largest tensor it has held, so that batches of different lengths share it.
 */

import { releaseAll } from "./buffers.ts";
import type { Buffer, Runtime } from "./runtime.ts";
import type { DType } from "../tensor/dtype.ts";
import { elementCount } from "../tensor/shape.ts";

/** Scratch memory by name, reused between programs. */
export interface Slots {
  /** The buffer of a name in this type and shape. Its contents are whatever was there. */
  take(name: string, dtype: DType, shape: readonly number[]): Buffer;
  /** Bytes of the slots whose name passes the test. */
  bytesOf(test: (name: string) => boolean): number;
  /** Gives all memory back; what is taken later has memory of its own. */
  release(): void;
}

export function createSlots(runtime: Runtime): Slots {
  const memory = new Map<string, Buffer>();
  const views = new Map<string, Buffer>();
  return {
    take(name, dtype, shape) {
      const key = `${name} ${dtype} ${shape.join()}`;
      const known = views.get(key);
      if (known) return known;
      const size = elementCount(shape);
      let whole = memory.get(name);
      if (!whole || whole.dtype !== dtype || elementCount(whole.shape) < size) {
        for (const view of views.keys()) if (view.startsWith(`${name} `)) views.delete(view);
        whole?.release();
        whole = runtime.allocate(dtype, [size]);
        memory.set(name, whole);
      }
      const view = whole.view(shape);
      views.set(key, view);
      return view;
    },
    bytesOf: (test) =>
      [...memory].reduce((sum, [name, { bytes }]) => sum + (test(name) ? bytes : 0), 0),
    release() {
      releaseAll(memory.values());
      memory.clear();
      views.clear();
    },
  };
}
