/** @file onnxruntime-web: WebAssembly kernels, in a browser or in Node. */

import { env, InferenceSession, Tensor } from "onnxruntime-web";
import type { Runtime } from "./runtime.ts";
import { hostRuntime } from "./session.ts";

/** How WebAssembly is used. */
export interface WasmOptions {
  /** Threads of one operator, for all runtimes from the first that loads a program; onnxruntime's choice if absent. */
  readonly threads?: number;
}

/** The WebAssembly runtime. */
export function wasmRuntime({ threads }: WasmOptions = {}): Runtime {
  if (threads !== undefined) env.wasm.numThreads = threads;
  return hostRuntime<Tensor>({
    name: "wasm",
    createTensor: (dtype, data, shape) => new Tensor(dtype, data, shape),
    async createSession(bytes, { arena = true }) {
      const session = await InferenceSession.create(bytes, {
        executionProviders: ["wasm"],
        enableMemPattern: false,
        enableCpuMemArena: arena,
        logSeverityLevel: 3,
      });
      return {
        // This package leaves preallocated outputs untouched: its memory is not JavaScript's.
        async run(feeds, fetches) {
          const results = await session.run(feeds, Object.keys(fetches));
          for (const [name, target] of Object.entries(fetches)) {
            const result = results[name];
            if (result) copyBytes(result.data, target.data);
          }
        },
        release: () => session.release(),
      };
    },
  });
}

function copyBytes(from: Tensor["data"], to: Tensor["data"]): void {
  if (!ArrayBuffer.isView(from) || !ArrayBuffer.isView(to)) {
    throw new Error("internal: a tensor of strings");
  }
  const bytes = new Uint8Array(from.buffer, from.byteOffset, from.byteLength);
  new Uint8Array(to.buffer, to.byteOffset, to.byteLength).set(bytes);
}
