/** @file What computes in a browser: a GPU where there is one, else WebAssembly. */

import { option, UsageError } from "../../errors.ts";
import type { DeviceOptions } from "../device-options.ts";
import type { Runtime } from "../runtime.ts";
import { wasmRuntime } from "../web.ts";
import { type Gpu, type GpuAdapter, openDevice } from "./gpu.ts";

declare const navigator: { readonly gpu?: Gpu } | undefined;

/** The runtime of a device that is asked for by name, in a browser. @throws {UsageError} if it is not to be had. */
export const openWebRuntime = (options: DeviceOptions = {}): Promise<Runtime> =>
  // Node 20 has no `navigator`.
  runtimeWith(typeof navigator === "undefined" ? undefined : navigator.gpu, options);

/** The same, by what `navigator.gpu` is. */
export async function runtimeWith(
  gpu: Gpu | undefined,
  { device = "auto", threads }: DeviceOptions,
): Promise<Runtime> {
  if (device === "cpu") {
    throw new UsageError(`${option("device")}: a browser has no native kernels; got cpu`, {
      hint: `take ${option("device", "wasm")} or ${option("device", "webgpu")}`,
    });
  }
  const adapter = device === "wasm" ? undefined : await adapterOf(gpu);
  if (device === "webgpu" && !adapter) {
    throw new UsageError(
      `${option("device")}: ${gpu ? "WebGPU finds no GPU here" : "this browser has no WebGPU"}`,
      { hint: `take ${option("device", "wasm")}` },
    );
  }
  if (!adapter || (device === "auto" && isSoftware(adapter))) {
    return wasmRuntime(threads === undefined ? {} : { threads });
  }
  const [{ webgpuRuntime }, opened] = await Promise.all([
    import("./runtime.ts"),
    openDevice(adapter),
  ]);
  return webgpuRuntime(opened);
}

const adapterOf = async (gpu: Gpu | undefined): Promise<GpuAdapter | undefined> =>
  (await gpu?.requestAdapter({ powerPreference: "high-performance" })) ?? undefined;

/** What Chromium and Mesa call a GPU that a processor plays; browsers need not say that it is a fallback. */
const PLAYED = /swiftshader|llvmpipe|lavapipe|basic render/i;

/** A processor that plays a GPU is slower than the same in WebAssembly. */
const isSoftware = ({ info }: GpuAdapter): boolean =>
  info.isFallbackAdapter === true ||
  [info.architecture, info.vendor, info.device, info.description].some(
    (words) => words !== undefined && PLAYED.test(words),
  );
