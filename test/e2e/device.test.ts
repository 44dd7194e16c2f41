/** A run by WebAssembly beside the same by native kernels, and runs that change between them on their way. */

import { describe, expect, it } from "vitest";
import type { Device } from "../../src/runtime/device-options.ts";
import { expectClose } from "../support/close.ts";
import { runTiny } from "./support.ts";

/** Sums in another order, carried on through the steps: of the largest loss. */
const SAME_LOSS = 1e-5;
const on = (device: Device) => ({ device, threads: 1 });

describe.each([
  ["cpu", "wasm"],
  ["wasm", "cpu"],
] as const)("from %s to %s", (first, second) => {
  it("a run goes on from its checkpoint, with the losses of a run that stayed", async () => {
    const whole = await runTiny({ ...on(first), steps: 6 });
    const begun = await runTiny(
      { ...on(first), steps: 6 },
      (event) => event.type === "step" && event.step === 3,
    );
    const rest = await runTiny({
      ...on(second),
      steps: 6,
      output: begun.output,
      resume: true,
    });
    expect(begun.losses).toEqual(whole.losses.slice(0, 3));
    expect(rest.losses).toHaveLength(3);
    expectClose(rest.losses, whole.losses.slice(3), SAME_LOSS);
    expect(rest.events[0]).toMatchObject({ type: "start", device: second, startStep: 3 });
  });
});

it("the small model of the README has the losses of native kernels", async () => {
  const readme = { train: undefined, model: undefined, rank: undefined, steps: 5 };
  const [cpu, wasm] = [
    await runTiny({ ...readme, ...on("cpu") }),
    await runTiny({ ...readme, ...on("wasm") }),
  ];
  expect(wasm.losses).toHaveLength(5);
  expectClose(wasm.losses, cpu.losses, SAME_LOSS);
});
