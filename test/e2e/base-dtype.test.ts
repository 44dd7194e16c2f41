/** Adapters on a base that rests in eight or four bits: what it costs, that a run goes on with the same bits, and what is refused. */

import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import type { TrainOptions } from "../../src/options/config.ts";
import { type FinishedRun, folder, runTiny } from "./support.ts";
import { mergeAdapter, openSafetensors } from "../support/on-node.ts";

let base: FinishedRun;
beforeAll(async () => {
  base = await runTiny({
    model: { n_embd: 32, n_layer: 2, n_head: 2, n_positions: 128 },
    steps: 60,
  });
});

const lora: TrainOptions = {
  method: "lora",
  alpha: 8,
  optimizer: "adam",
  learningRate: 0.01,
  prefix: "Translate: ",
  evaluationBatches: 16,
};
const evaluations = ({ events }: FinishedRun) =>
  events.flatMap((event) => (event.type === "evaluation" ? [event.loss] : []));

async function tensorsOf(path: string) {
  const file = await openSafetensors(path);
  const names = [...file.tensors.keys()];
  const tensors = await Promise.all(names.map((name) => file.read(name)));
  await file.close();
  return new Map(names.map((name, i) => [name, tensors[i]] as const));
}

describe.each(["int8", "q4"] as const)("a base in %s", (baseDtype) => {
  it("learns beside the float base, and answers on the way", async () => {
    const options = { ...lora, model: base.output, steps: 30, samples: 1, translations: 2 };
    const [whole, small] = [await runTiny(options), await runTiny({ ...options, baseDtype })];
    const [before = NaN, after = NaN] = [evaluations(whole)[0], evaluations(whole).at(-1)];
    const [first = NaN, last = NaN] = [evaluations(small)[0], evaluations(small).at(-1)];
    expect(first).not.toBe(before);
    expect(Math.abs(first - before)).toBeLessThan(0.1);
    expect(before - after).toBeGreaterThan(0.03);
    expect(first - last).toBeGreaterThan(0.7 * (before - after));
    const sample = small.events.find(({ type }) => type === "samples");
    expect(sample).toBeDefined();
    const translation = small.events.find(({ type }) => type === "translation");
    expect(translation).toMatchObject({ count: 2 });
    // Merged are the adapters into the float base.
    expect(await mergeAdapter({ adapter: small.output, output: join(folder, baseDtype) })).toBe(8);
  });

  it("goes on with the same bits, from a checkpoint without the base", async () => {
    const options = { ...lora, baseDtype, model: base.output, microSteps: 2, steps: 4 };
    const whole = await runTiny(options);
    const first = await runTiny(options, (event) => event.type === "step" && event.step === 2);
    const second = await runTiny({ ...options, output: first.output, resume: true });
    expect([...first.losses, ...second.losses]).toEqual(whole.losses);
    const saved = await tensorsOf(join(whole.output, "checkpoint/step-00000004.safetensors"));
    expect([...saved.keys()].filter((name) => name.includes("c_attn.weight"))).toEqual([]);
    const file = "adapter_model.safetensors";
    expect(await tensorsOf(join(first.output, file))).toEqual(
      await tensorsOf(join(whole.output, file)),
    );
  });
});

it("learns with products in eight bits, and goes on with the same bits", async () => {
  const recompute = "all";
  const options = { ...lora, baseDtype: "int8", recompute, model: base.output, steps: 30 } as const;
  const exact = await runTiny(options);
  const rounded = await runTiny({ ...options, compute: "int8" });
  expect(rounded.losses[0]).not.toBe(exact.losses[0]);
  // Evaluations are exact: before the first step they are the same.
  expect(evaluations(rounded)[0]).toBe(evaluations(exact)[0]);
  expect(
    Math.abs((evaluations(rounded).at(-1) ?? 0) - (evaluations(exact).at(-1) ?? 1)),
  ).toBeLessThan(0.02);
  const first = await runTiny(
    { ...options, compute: "int8" },
    (event) => event.type === "step" && event.step === 12,
  );
  const second = await runTiny({ ...options, compute: "int8", output: first.output, resume: true });
  expect([...first.losses, ...second.losses]).toEqual(rounded.losses);
});

it.each([
  [{ baseDtype: "q4" }, "compute: int8 is for a base that rests in int8; got a base in q4"],
  [{}, "compute: int8 is for a base that rests in int8; got a base in float32"],
] as const)("products in eight bits are refused with %j", async (options, message) => {
  const run = runTiny({ ...lora, ...options, compute: "int8", model: base.output });
  await expect(run).rejects.toThrow(message);
});

it.each([
  [{ method: "flora" }, "baseDtype: flora trains the base itself; got q4"],
  [{ method: "relora" }, "baseDtype: relora leaves a whole model"],
] as const)("is refused with %j", async (options, message) => {
  const run = runTiny({ ...options, baseDtype: "q4", model: base.output });
  await expect(run).rejects.toThrow(message);
});

it("is refused where the base is drawn", async () => {
  await expect(runTiny({ ...lora, baseDtype: "int8" })).rejects.toThrow("leaves a whole model");
});
