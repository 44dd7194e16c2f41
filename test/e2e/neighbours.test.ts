/** FLORA's neighbours as whole runs: what must not change them, that they go on with the same bits, and what they refuse. */

import { describe, expect, it } from "vitest";
import { COMPRESSORS } from "../../src/compress/methods/registry.ts";
import { parseConfig, type TrainOptions } from "../../src/options/config.ts";
import { largestDifference, runTiny, weightsOf } from "./support.ts";

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

  it("learns", async () => {
    const { losses } = await runTiny({ ...base, steps: 40, schedule: "constant" });
    expect(losses.at(-1)).toBeLessThan((losses[0] ?? 0) - 1);
  });

  it.each<[string, TrainOptions, TrainOptions]>([
    ["clipping to a norm that nothing reaches", { microSteps: 2 }, { maxGradNorm: 1e9 }],
    ["waiting for the end of the step", { microSteps: 1 }, { maxGradNorm: 1e9 }],
    ["keeping residuals", { microSteps: 2 }, { recompute: "none" }],
    ["computing the vocabulary in chunks", {}, { vocabularyChunk: 50 }],
  ])("is not changed by %s", async (_, before, change) => {
    const [one, other] = [
      await runTiny({ ...base, ...before }),
      await runTiny({ ...base, ...before, ...change }),
    ];
    const difference = largestDifference(
      await weightsOf(one.output),
      await weightsOf(other.output),
    );
    // Adam divides by the size of the gradient, LoRA-Pre by a product that has both signs: float32 alone moves its golden steps by 8e-6.
    expect(difference).toBeLessThan(method === "lora-pre" ? 2e-3 : 2e-4);
  });

  it("changes with another subspace", async () => {
    const change = FOLLOWING.has(method) ? { rank: 3 } : { resampleEvery: 2 };
    const [one, other] = [await runTiny(base), await runTiny({ ...base, ...change })];
    const [a, b] = [await weightsOf(one.output), await weightsOf(other.output)];
    expect(largestDifference(a, b)).toBeGreaterThan(1e-4);
  });

  it.each<[string, TrainOptions, "step" | "micro-step", number]>([
    ["before a new subspace", { microSteps: 2 }, "step", 3],
    ["within an accumulation", { microSteps: 4 }, "micro-step", 5],
    [
      "in eight bits, with weights in sixteen",
      { microSteps: 2, accumulatorDtype: "int8", weightDtype: "bfloat16" },
      "step",
      4,
    ],
    ["clipped", { maxGradNorm: 0.5 }, "step", 2],
  ])("goes on with the same bits: %s", async (_, own, type, step) => {
    const options = { ...base, ...own };
    const whole = await runTiny(options);
    const first = await runTiny(options, (event) => event.type === type && event.step === step);
    expect(first.events.at(-1)).toMatchObject({ type: "end", reason: "interrupted" });
    const second = await runTiny({ ...options, output: first.output, resume: true });
    const [a, b] = [await weightsOf(whole.output), await weightsOf(second.output)];
    expect(largestDifference(a, b)).toBe(0);
  });

  it.each<[string, TrainOptions]>([
    ["one micro-batch", {}],
    ["several", { microSteps: 2 }],
    ["in eight bits", { microSteps: 2, accumulatorDtype: "int8", weightDtype: "bfloat16" }],
  ])("takes the memory that was predicted: %s", async (_, own) => {
    const { events } = await runTiny({ ...base, ...own });
    const end = events.at(-1);
    if (end?.type !== "end") throw new Error("no end");
    const names = end.memory.rows.map(({ name }) => name);
    expect(names.includes("whole gradients")).toBe(method === "galore");
    for (const { name, predicted, measured } of end.memory.rows) {
      if (measured !== undefined && name !== "activations") expect(measured, name).toBe(predicted);
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
