/** @file What runs in the page of ops.browser.ts: programs in ONNX on one of onnxruntime-web's providers. */

import { InferenceSession, Tensor } from "onnxruntime-web/webgpu";

/**
 * The outputs of a program as numbers, or why it does not run; nothing of it may fall back to another provider.
 *
 * @param {{ bytes: number[], feeds: Record<string, { dtype: string, shape: number[], data: number[] }> }} program
 * @param {"wasm" | "webgpu"} provider
 */
export async function runProgram({ bytes, feeds }, provider) {
  try {
    const session = await InferenceSession.create(Uint8Array.from(bytes), {
      executionProviders: [
        provider === "webgpu" ? { name: provider, storageBufferCacheMode: "simple" } : provider,
      ],
      enableMemPattern: false,
      logSeverityLevel: 3,
      ...(provider === "webgpu" && { extra: { session: { disable_cpu_ep_fallback: "1" } } }),
    });
    const tensors = Object.entries(feeds).map(([name, { dtype, shape, data }]) => [
      name,
      new Tensor(dtype, elementsOf(dtype, data), shape),
    ]);
    const results = await session.run(Object.fromEntries(tensors));
    const numbers = Object.entries(results).map(([name, { data }]) => [
      name,
      Array.from(data, Number),
    ]);
    await session.release();
    return { outputs: Object.fromEntries(numbers) };
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) };
  }
}

const ARRAYS = {
  bool: Uint8Array,
  float16: Uint16Array,
  float32: Float32Array,
  float64: Float64Array,
  int32: Int32Array,
  int8: Int8Array,
  uint16: Uint16Array,
  uint32: Uint32Array,
  uint8: Uint8Array,
};

const elementsOf = (dtype, data) =>
  dtype === "int64" ? BigInt64Array.from(data, BigInt) : ARRAYS[dtype].from(data);
