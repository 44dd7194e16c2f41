/** How the weights of a model reach a device: one after the other, so that the host never holds them all. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { loadModel } from "../../src/generate/load-model.ts";
import { nodeHost } from "../../src/host/node.ts";
import { llamaDirectory } from "../e2e/llama-directory.ts";
import { deviceRuntime } from "../support/device-runtime.ts";
import { sharedRuntime } from "../support/shared-runtime.ts";

it("reads a tensor when the device has a copy of the one before", async () => {
  const directory = mkdtempSync(join(tmpdir(), "flora-load-"));
  try {
    await llamaDirectory(directory);
    const { files } = nodeHost();
    const device = deviceRuntime(sharedRuntime);
    const told: string[] = [];
    const open = async (path: string) => {
      const file = await files.open(path);
      const read: typeof file.read = (begin, end) => {
        if (path.endsWith(".safetensors")) told.push("read");
        return file.read(begin, end);
      };
      return { bytes: file.bytes, read, close: () => file.close() };
    };
    const adopt: typeof device.adopt = (tensor) => {
      told.push("adopt");
      return device.adopt(tensor);
    };
    const { weights } = await loadModel({ ...files, open }, { ...device, adopt }, { directory });
    expect(told.filter((what) => what === "adopt")).toHaveLength(weights.size);
    // After the header.
    expect(told.slice(told.indexOf("adopt") - 1)).toEqual(
      Array.from(weights, () => ["read", "adopt"]).flat(),
    );
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});
