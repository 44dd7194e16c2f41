/** The speed of a runtime. */

import { expect, it } from "vitest";
import { cpuRuntime } from "../../src/runtime/node.ts";
import { measuredSpeed } from "../../src/runtime/speed.ts";

it("the speed of a machine is a number of operations a second", async () => {
  const speed = await measuredSpeed(cpuRuntime({ threads: 1 }));
  expect(speed).toBeGreaterThan(1e8);
  expect(speed).toBeLessThan(1e14);
});
