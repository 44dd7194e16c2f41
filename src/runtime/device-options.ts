/** @file What a device is asked for by. */

/** What computes; "auto" is the CPU by native kernels, or by WebAssembly where there are none for it. */
export type Device = "auto" | "cpu" | "wasm" | "webgpu";

export const DEVICES: readonly Device[] = ["auto", "cpu", "wasm", "webgpu"];

/** What is to compute. */
export interface DeviceOptions {
  readonly device?: Device | undefined;
  /** Threads of one operator; onnxruntime's choice if absent. */
  readonly threads?: number | undefined;
}
