/** Which runtime a name opens, and what is loaded for it. */

import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { UsageError } from "../../src/errors.ts";
import { openRuntime } from "../../src/runtime/device.ts";
import { filesOf, importsOf, targetOf } from "../support/rooms.ts";

const { peerDependencies } = JSON.parse(readFileSync("package.json", "utf8"));

/** Works with this process as one of another processor, for which onnxruntime-node has no binary. */
async function elsewhere<T>(work: () => Promise<T>): Promise<T> {
  const own = process.arch;
  Object.defineProperty(process, "arch", { value: "mips" });
  try {
    return await work();
  } finally {
    Object.defineProperty(process, "arch", { value: own });
  }
}

/** What this process has loaded. */
function nativeLibraries(): string {
  return JSON.stringify(process.report.getReport());
}

// First of all: the package is loaded once in a process.
describe("where onnxruntime-node has no binary", () => {
  it("WebAssembly is taken", async () => {
    const runtime = await elsewhere(() => openRuntime());
    expect(runtime.name).toBe("wasm");
    expect(nativeLibraries()).not.toContain("onnxruntime_binding");
  });

  it("the CPU is refused, and the way out named", async () => {
    await expect(elsewhere(() => openRuntime({ device: "cpu" }))).rejects.toMatchObject({
      message: expect.stringMatching(/^device: onnxruntime-node does not load here; .*mips/),
      hint: 'take device: "wasm"',
    });
  });
});

describe("a device", () => {
  it.each([
    [undefined, "cpu"],
    ["auto", "cpu"],
    ["cpu", "cpu"],
    ["wasm", "wasm"],
  ] as const)("%s is the runtime %s", async (device, name) => {
    expect((await openRuntime({ device, threads: 1 })).name).toBe(name);
    expect(nativeLibraries()).toContain("onnxruntime_binding");
  });

  it("of a browser is refused", async () => {
    await expect(openRuntime({ device: "webgpu" })).rejects.toThrow(
      new UsageError("device: WebGPU needs a browser; got webgpu in Node", {
        hint: 'take device: "cpu"',
      }),
    );
  });
});

describe("the package for WebAssembly", () => {
  it("is loaded by nobody but who opens it", () => {
    const others = filesOf("src").filter((file) =>
      importsOf(readFileSync(file, "utf8")).some(
        (specifier) => targetOf(file, specifier) === "src/runtime/web.ts",
      ),
    );
    // In a browser it stands in for a GPU.
    expect(others).toEqual(["src/runtime/device.ts", "src/runtime/webgpu/open.ts"]);
    expect(readFileSync("src/runtime/device.ts", "utf8")).toContain('await import("./web.ts")');
  });

  it("is the version that the package asks for", () => {
    const hint = /onnxruntime-web@([\d.]+)/.exec(readFileSync("src/runtime/device.ts", "utf8"));
    expect(hint?.[1]).toBe(peerDependencies["onnxruntime-web"]);
  });
});
