/** What a run hears of its device. Numbers are compared in Chromium (test/chromium/). */

import { describe, expect, it } from "vitest";
import { input } from "../../../src/graph/value.ts";
import { compile } from "../../../src/onnx/model.ts";
import { scale } from "../../../src/ops/elementwise.ts";
import { webgpuRuntime } from "../../../src/runtime/webgpu/runtime.ts";
import { fakeGpu } from "./fake-gpu.ts";

const program = compile({ y: scale(input("x", "float32", [4]), 2) });

describe("a device", () => {
  it("that is lost ends what is computed and what is read", async () => {
    const { device, lose } = fakeGpu();
    const runtime = webgpuRuntime(device);
    const buffer = runtime.allocate("float32", [4]);
    lose("driver updated");
    await Promise.resolve();
    const lost = {
      message: 'the GPU is gone; got "driver updated"',
      hint: 'reload the page and go on from the last save, with device: "wasm" if it happens again',
    };
    await expect(runtime.load(program)).rejects.toMatchObject(lost);
    await expect(buffer.read()).rejects.toMatchObject(lost);
  });

  it("that refuses something says what", async () => {
    const { device, refuse } = fakeGpu();
    const runtime = webgpuRuntime(device);
    refuse("out of memory");
    await expect(runtime.load(program)).rejects.toThrow(
      'the GPU refused something; got "out of memory"',
    );
  });
});
