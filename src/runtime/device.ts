/** @file The runtime of a device that is asked for by name, in Node. A package is loaded when its device is opened, and not before. */

import { option, UsageError } from "../errors.ts";
import type { DeviceOptions } from "./device-options.ts";
import type { Runtime } from "./runtime.ts";

/** The native CPU, or WebAssembly, or the one that is there. @throws {UsageError} if the device is not to be had. */
export async function openRuntime({
  device = "auto",
  threads,
}: DeviceOptions = {}): Promise<Runtime> {
  const options = threads === undefined ? {} : { threads };
  if (device === "webgpu") {
    throw new UsageError(`${option("device")}: WebGPU needs a browser; got webgpu in Node`, {
      hint: `take ${option("device", "cpu")}`,
    });
  }
  if (device === "wasm") return openWasm(options);
  const { cpuRuntime, nativeProblem } = await import("./node.ts");
  const problem = nativeProblem();
  if (problem === undefined) return cpuRuntime(options);
  if (device === "auto") return openWasm(options);
  throw new UsageError(`${option("device")}: onnxruntime-node does not load here; ${problem}`, {
    hint: `take ${option("device", "wasm")}`,
  });
}

/** The package is an optional peer: 140 MB that most do without. */
async function openWasm(options: { readonly threads?: number }): Promise<Runtime> {
  const web = await import("./web.ts").catch((cause: unknown) => {
    throw new UsageError(`${option("device")}: WebAssembly needs the package onnxruntime-web`, {
      cause,
      hint: "npm install onnxruntime-web@1.30.0",
    });
  });
  return web.wasmRuntime(options);
}
