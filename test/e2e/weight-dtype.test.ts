/** Weights that rest in sixteen bits: what they cost, how well they learn, and that a run goes on with the same bits. */

import { describe, expect, it } from "vitest";
import type { TrainOptions } from "../../src/options/config.ts";
import { type FinishedRun, largestDifference, runTiny, weightsOf } from "./support.ts";
import { openSafetensors } from "../support/on-node.ts";

const options = { steps: 24, optimizer: "adam", learningRate: 0.01, method: "dense" } as const;
const known = new Map<string, Promise<FinishedRun>>();
/** A run that several tests compare with, made once. */
function runOnce(chosen: TrainOptions): Promise<FinishedRun> {
  const key = JSON.stringify(chosen);
  const run = known.get(key) ?? runTiny(chosen);
  known.set(key, run);
  return run;
}
const last = (losses: readonly number[]) => losses.at(-1) ?? NaN;

describe.each(["float16", "bfloat16"] as const)("%s", (weightDtype) => {
  it("takes two bytes a number in memory and on disk", async () => {
    const { events, output } = await runTiny({ ...options, steps: 1, weightDtype });
    const [start] = events;
    if (start?.type !== "start") throw new Error("no start");
    for (const { shape, weightBytes } of start.parameters) {
      const count = shape.reduce((n, dim) => n * dim, 1);
      expect(weightBytes).toBe(count * (shape.length === 2 ? 2 : 4));
    }
    const file = await openSafetensors(`${output}/model.safetensors`);
    const stored = { float16: "F16", bfloat16: "BF16" }[weightDtype];
    expect(file.tensors.get("h.0.attn.c_attn.weight")?.dtype).toBe(stored);
    expect(file.tensors.get("ln_f.weight")?.dtype).toBe(stored);
    await file.close();
    const whole = await runTiny({ ...options, steps: 1, weightDtype, outputDtype: "float32" });
    const wide = await openSafetensors(`${whole.output}/model.safetensors`);
    expect(wide.tensors.get("h.0.attn.c_attn.weight")?.dtype).toBe("F32");
    await wide.close();
  });

  it("generates without widening the weights", async () => {
    const { events } = await runTiny({ ...options, steps: 1, translations: 2, weightDtype });
    const translation = events.find(({ type }) => type === "translation");
    expect(translation).toMatchObject({ count: 2 });
  });

  it.each(["stochastic", "master"] as const)("learns as float32 does, %s", async (weightUpdate) => {
    const whole = await runOnce(options);
    const half = await runTiny({ ...options, weightDtype, weightUpdate });
    const learned = (whole.losses[0] ?? NaN) - last(whole.losses);
    expect(learned).toBeGreaterThan(1);
    expect(Math.abs(last(half.losses) - last(whole.losses))).toBeLessThan(0.1 * learned);
  });

  it.each(["stochastic", "nearest", "master"] as const)(
    "goes on with the same bits after an interruption, %s",
    async (weightUpdate) => {
      const chosen = { ...options, steps: 6, rank: 4, method: "flora", weightDtype, weightUpdate };
      const straight = await runTiny(chosen);
      const first = await runTiny(chosen, (event) => event.type === "step" && event.step === 3);
      const second = await runTiny({ ...chosen, output: first.output, resume: true });
      expect([...first.losses, ...second.losses]).toEqual(straight.losses);
      expect(
        largestDifference(await weightsOf(straight.output), await weightsOf(second.output)),
      ).toBe(0);
    },
  );

  it("loses updates below half a step when rounded to the nearest, and keeps them at random", async () => {
    // Weights are about 0.02, where a step is 2^-13 in bfloat16 and 2^-16 in float16.
    const learningRate = { float16: 2e-6, bfloat16: 1e-5 }[weightDtype];
    const slow = { ...options, steps: 8, learningRate };
    const still = await runOnce({ ...slow, learningRate: 1e-30 });
    const whole = await runTiny(slow);
    const update = differences(await weightsOf(whole.output), await weightsOf(still.output));
    /** The part of the update in float32 that is made. */
    async function made(weightUpdate: string): Promise<number> {
      const [begin, end] = [
        await runOnce({ ...slow, learningRate: 1e-30, weightDtype, weightUpdate: "nearest" }),
        await runTiny({ ...slow, weightDtype, weightUpdate }),
      ];
      const moved = differences(await weightsOf(end.output), await weightsOf(begin.output));
      return dot(moved, update) / dot(update, update);
    }
    expect(await made("nearest")).toBeLessThan(0.4);
    expect(Math.abs((await made("stochastic")) - 1)).toBeLessThan(0.1);
  });
});

const differences = (a: Float32Array, b: Float32Array) => a.map((value, i) => value - (b[i] ?? 0));
const dot = (a: Float32Array, b: Float32Array) =>
  a.reduce((sum, value, i) => sum + value * (b[i] ?? 0), 0);
