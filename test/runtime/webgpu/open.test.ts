/** Which runtime a name opens in a browser, by the adapters that it has. */

import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { Gpu } from "../../../src/runtime/webgpu/gpu.ts";
import { runtimeWith } from "../../../src/runtime/webgpu/open.ts";
import { fakeGpu } from "./fake-gpu.ts";

const NONE: Gpu = { requestAdapter: () => Promise.resolve(null) };
const REAL = fakeGpu({ vendor: "apple", architecture: "metal-3" }).gpu;
const FALLBACK = fakeGpu({ isFallbackAdapter: true }).gpu;
const SWIFTSHADER = fakeGpu({ vendor: "google", architecture: "swiftshader" }).gpu;

describe("in a browser", () => {
  it.each([
    ["auto", "without WebGPU", undefined, "wasm"],
    ["auto", "without a GPU", NONE, "wasm"],
    ["auto", "with a GPU", REAL, "webgpu"],
    [undefined, "with a GPU", REAL, "webgpu"],
    ["auto", "with a fallback", FALLBACK, "wasm"],
    ["auto", "with SwiftShader", SWIFTSHADER, "wasm"],
    ["webgpu", "with SwiftShader", SWIFTSHADER, "webgpu"],
    ["wasm", "with a GPU", REAL, "wasm"],
  ] as const)("%s %s", async (device, _, gpu, name) => {
    expect((await runtimeWith(gpu, { device })).name).toBe(name);
  });

  it.each([
    ["cpu", REAL, "device: a browser has no native kernels; got cpu"],
    ["webgpu", undefined, "device: this browser has no WebGPU"],
    ["webgpu", NONE, "device: WebGPU finds no GPU here"],
  ] as const)("%s is refused where it is not", async (device, gpu, message) => {
    await expect(runtimeWith(gpu, { device })).rejects.toMatchObject({
      message,
      hint: expect.stringContaining('device: "wasm"'),
    });
  });
});

describe("the package for WebGPU", () => {
  it("is loaded when a GPU is opened, and not before", () => {
    const text = readFileSync("src/runtime/webgpu/open.ts", "utf8");
    expect(text).toContain('import("./runtime.ts")');
    expect(text).not.toMatch(/^import .*"\.\/runtime\.ts"/m);
  });
});
