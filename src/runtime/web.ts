/** @file onnxruntime-web: WebAssembly kernels, in a browser or in Node. */

import { InferenceSession, Tensor } from "onnxruntime-web";
import type { Runtime } from "./runtime.ts";
import { hostRuntime } from "./session.ts";

/** The WebAssembly runtime. */
export function wasmRuntime(): Runtime {
  return hostRuntime<Tensor>({
    name: "wasm",
    createTensor: (dtype, data, shape) => new Tensor(dtype, data, shape),
    createSession: (bytes, { arena = true }) =>
      InferenceSession.create(bytes, {
        executionProviders: ["wasm"],
        enableMemPattern: false,
        enableCpuMemArena: arena,
        logSeverityLevel: 3,
      }),
  });
}
