/** @file The runtime of a browser: onnxruntime-web on WebGPU, with tensors in the memory of the GPU, or on WebAssembly where there is none. */

export type {
  Gpu,
  GpuAdapter,
  GpuBuffer,
  GpuDevice,
  GpuEncoder,
  GpuLimits,
  GpuQueue,
} from "./gpu.ts";
export { openWebRuntime } from "./open.ts";
