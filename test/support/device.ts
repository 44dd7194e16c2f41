/** @file What computes in tests about numbers: the CPU, but for the projects that name another, in Node or in a tab of Chromium. */

import { openRuntime } from "../../src/runtime/device.ts";
import { DEVICES, type Device } from "../../src/runtime/device-options.ts";
import type { Runtime } from "../../src/runtime/runtime.ts";

const named = process.env["FLORA_TEST_DEVICE"] ?? "cpu";
const testDevice: Device = DEVICES.find((device) => device === named) ?? "cpu";

/** Whether it keeps numbers of 16 bits and less: on a GPU a run with them is refused (test/chromium/training.browser.ts). */
export const keepsNarrow: boolean = testDevice !== "webgpu";

/** One thread an operator. */
export async function openTestRuntime(): Promise<Runtime> {
  if (process.env["FLORA_TEST_IN"] !== "chromium") {
    return openRuntime({ device: testDevice, threads: 1 });
  }
  const { remoteRuntime } = await import("../chromium/remote-runtime.ts");
  return remoteRuntime(testDevice);
}
