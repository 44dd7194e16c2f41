/** FLORA's neighbours as whole runs: what must not change them, that they go on with the same bits, and what they refuse. */

import { describe, expect, it } from "vitest";
import { COMPRESSORS } from "../../src/compress/methods/registry.ts";
import { parseConfig, type TrainOptions } from "../../src/options/config.ts";
import { type FinishedRun, largestDifference, runTiny, weightsOf } from "./support.ts";

const METHODS = [
  "galore",
  "gum",
  "fira",
  "apollo",
  "apollo-mini",
  "compact",
  "ldadam",
  "lora-pre",
] as const;
/** Those that follow their subspaces from step to step, so that there is no interval. */
const FOLLOWING: ReadonlySet<(typeof METHODS)[number]> = new Set(["ldadam", "lora-pre"] as const);

const optionsOf = (method: (typeof METHODS)[number]): TrainOptions => ({
  method,
  learningRate: 0.01,
  ...(!FOLLOWING.has(method) && { resampleEvery: 3 }),
  weightDecay: 0.1,
  schedule: "linear",
  warmupSteps: 2,
  steps: 7,
  ...(method === "apollo-mini" && { rank: undefined }),
});

describe.each(METHODS)("%s", (method) => {
  const base = optionsOf(method);
  const WHOLE: Readonly<Record<string, TrainOptions>> = {
    "one micro-batch": base,
    several: { ...base, microSteps: 2 },
    "in eight bits, with weights in sixteen": {
      ...base,
      microSteps: 2,
      accumulatorDtype: "int8",
      weightDtype: "bfloat16",
    },
    clipped: { ...base, microSteps: 4, maxGradNorm: 0.5 },
  };
  const finished = new Map<string, Promise<FinishedRun>>();
  /** A run of `WHOLE`, which several tests compare with. */
  const whole = (name: string): Promise<FinishedRun> => {
    const run = finished.get(name) ?? runTiny(WHOLE[name] ?? {});
    finished.set(name, run);
    return run;
  };

  it("learns", async () => {
    const { losses } = await runTiny({ ...base, steps: 40, schedule: "constant" });
    expect(losses.at(-1)).toBeLessThan((losses[0] ?? 0) - 1);
  });

  it.each<[string, string, TrainOptions]>([
    ["clipping to a norm that nothing reaches", "several", { maxGradNorm: 1e9 }],
    ["waiting for the end of the step", "one micro-batch", { maxGradNorm: 1e9 }],
    ["keeping residuals", "several", { recompute: "none" }],
    ["computing the vocabulary in chunks", "one micro-batch", { vocabularyChunk: 50 }],
  ])("is not changed by %s", async (_, before, change) => {
    const [one, other] = [await whole(before), await runTiny({ ...WHOLE[before], ...change })];
    const difference = largestDifference(
      await weightsOf(one.output),
      await weightsOf(other.output),
    );
    // Adam divides by the size of the gradient, LoRA-Pre by a product that has both signs: float32 alone moves its golden steps by 8e-6.
    expect(difference).toBeLessThan(method === "lora-pre" ? 2e-3 : 2e-4);
  });

  it("changes with another subspace", async () => {
    const change = FOLLOWING.has(method) ? { rank: 3 } : { resampleEvery: 2 };
    const [one, other] = [await whole("one micro-batch"), await runTiny({ ...base, ...change })];
    const [a, b] = [await weightsOf(one.output), await weightsOf(other.output)];
    expect(largestDifference(a, b)).toBeGreaterThan(1e-4);
  });

  // The clipped one passes a new subspace after it went on, in float32.
  it.each<[string, string, "step" | "micro-step", number]>([
    ["before a new subspace", "in eight bits, with weights in sixteen", "step", 3],
    ["within an accumulation", "clipped", "micro-step", 5],
  ])("goes on with the same bits: %s, %s", async (_, name, type, step) => {
    const options = WHOLE[name] ?? {};
    const first = await runTiny(options, (event) => event.type === type && event.step === step);
    expect(first.events.at(-1)).toMatchObject({ type: "end", reason: "interrupted" });
    const second = await runTiny({ ...options, output: first.output, resume: true });
    const [a, b] = [await weightsOf((await whole(name)).output), await weightsOf(second.output)];
    expect(largestDifference(a, b)).toBe(0);
  });

  it.each(Object.keys(WHOLE))("takes the memory that was predicted: %s", async (name) => {
    const { events } = await whole(name);
    const end = events.at(-1);
    if (end?.type !== "end") throw new Error("no end");
    const names = end.memory.rows.map((row) => row.name);
    expect(names.includes("whole gradients")).toBe(method === "galore");
    for (const { name: row, predicted, measured } of end.memory.rows) {
      if (measured !== undefined && row !== "activations") expect(measured, row).toBe(predicted);
    }
  });

  it("refuses what it has no use for", () => {
    const { optimizer, optimizers = ["adam", "adamw", "momentum"] } =
      COMPRESSORS[method].ownMoments ?? {};
    const fitting = optimizers.join(" or ");
    expect(() => parseConfig({ method, optimizer: "adafactor" })).toThrow(
      `method: "${method}": has the moments of optimizer ${fitting} in its subspaces`,
    );
    expect(() => parseConfig({ method, momentum: 0.9 })).toThrow(`got ${optimizer}, momentum 0.9`);
    expect(() => parseConfig({ method, compressMoments: true })).toThrow("compressed moments");
  });
});

it.each([...FOLLOWING])("%s refuses an interval, and a family", (method) => {
  expect(() => parseConfig({ method, resampleEvery: 3 })).toThrow(
    `resampleEvery: ${method} follows its subspaces in every step; got 3`,
  );
  expect(() => parseConfig({ method, projection: "gaussian" })).toThrow("learns its projections");
});

it("refuses a rank where there is one alone, and a family where nothing is drawn", () => {
  expect(() => parseConfig({ method: "apollo-mini", rank: 8 })).toThrow(
    "apollo-mini has rank 1; got 8",
  );
  expect(() => parseConfig({ method: "galore", projection: "gaussian" })).toThrow(
    "galore learns its projections from gradients",
  );
});
