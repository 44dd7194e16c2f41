/** A merge leaves the function as it was, and the optimizer as its method says. */

import { mergeSchedule } from "../../../src/train/setup/merge-schedule.ts";
import { bufferNamed, bufferOf, floats } from "../../../src/runtime/buffers.ts";
import { describe, expect, it } from "vitest";
import { adapterNames } from "../../../src/adapters/index.ts";
import { parseConfig, type TrainOptions } from "../../../src/options/config.ts";
import { mergeAdapters, pruneState } from "../../../src/train/setup/merge.ts";
import { expectClose, FLOAT32, relativeDifference } from "../../support/close.ts";
import { batchOf, numbersOfParam, type Parts, partsOf } from "../support.ts";

const rows = [
  [1, 5, 9, 2, 7, 7, 3, 4, 0],
  [3, 3, 8, 1, 20, 15, 2, 11, 6],
];

/** A run after three steps, when B is not zero any more. */
async function trained(options: TrainOptions): Promise<Parts> {
  const parts = await partsOf({ rank: 2, optimizer: "adam", ...options });
  const { engine } = parts;
  for (const step of [1, 2, 3]) {
    engine.begin({ step, cycle: 0, learningRate: 0.05, opensCycle: false });
    await engine.microStep(batchOf(rows), step);
    await engine.update();
  }
  return parts;
}

const lossOf = async ({ engine }: Parts) => (await engine.evaluate([batchOf(rows)])).loss;

const weight = "h.0.mlp.c_proj.weight";
const { a, b } = adapterNames({ weight });

const stateOf = (parts: Parts, name: string) =>
  Promise.all(
    Object.values(parts.engine.state.optimizer.get(name) ?? {}).map(async (buffer) =>
      Array.from(await buffer.read(), Number),
    ),
  );
const nonZero = (numbers: readonly number[]) => numbers.filter((x) => x !== 0).length;

describe.each([
  ["relora", {}],
  ["cola", {}],
  ["plora", {}],
  ["plora", { unloadFraction: 0.25 }],
] as const)("a merge of %s %j", (method, options) => {
  it("leaves the function as it was, and moves the weight", async () => {
    const parts = await trained({ method, ...options });
    const [before, weightBefore] = [await lossOf(parts), await numbersOfParam(parts, weight)];
    const schedule = mergeSchedule(parts.config, 100);
    if (!schedule) throw new Error("no merges");
    await mergeAdapters(parts, schedule, 1);
    expect(Math.abs((await lossOf(parts)) / before - 1)).toBeLessThan(FLOAT32);
    const moved = relativeDifference(await numbersOfParam(parts, weight), weightBefore);
    expect(moved).toBeGreaterThan(1e-3);
    await parts.engine.release();
  });
});

describe("after a merge", () => {
  it("ReLoRA has another A, B = 0, and of the adapters' state what is not pruned", async () => {
    const parts = await trained({ method: "relora", modulesToSave: ["ln_f"], pruneState: 0.9 });
    const before = await numbersOfParam(parts, a);
    const kept = await stateOf(parts, "ln_f.weight");
    await mergeAdapters(parts, { every: 10, after: "prune and warm up", warmupSteps: 1 }, 1);
    expect(relativeDifference(await numbersOfParam(parts, a), before)).toBeGreaterThan(0.5);
    expect(nonZero(await numbersOfParam(parts, b))).toBe(0);
    for (const name of [a, b]) {
      const [mu = [], nu = []] = await stateOf(parts, name);
      expect(nonZero(mu)).toBe(Math.round(mu.length * 0.1));
      expect(mu.map((x) => x !== 0)).toEqual(nu.map((x) => x !== 0));
    }
    expect(await stateOf(parts, "ln_f.weight")).toEqual(kept);
    await parts.engine.release();
  });

  it("COLA and PLoRA have a fresh optimizer for all that is trained", async () => {
    for (const method of ["cola", "plora"] as const) {
      const parts = await trained({ method, modulesToSave: ["ln_f"] });
      await mergeAdapters(parts, { every: 10, after: "restart", warmupSteps: 0 }, 1);
      for (const name of [a, b, "ln_f.weight"]) {
        for (const numbers of await stateOf(parts, name)) expect(nonZero(numbers)).toBe(0);
      }
      await parts.engine.release();
    }
  });

  it("PLoRA keeps A and the rest of B where it unloads a fraction", async () => {
    const parts = await trained({ method: "plora", unloadFraction: 0.25 });
    const [aBefore, bBefore] = [await numbersOfParam(parts, a), await numbersOfParam(parts, b)];
    await mergeAdapters(parts, { every: 10, after: "restart", warmupSteps: 0 }, 1);
    expect(await numbersOfParam(parts, a)).toEqual(aBefore);
    expectClose(
      await numbersOfParam(parts, b),
      bBefore.map((x) => 0.75 * x),
      FLOAT32,
    );
    await parts.engine.release();
  });

  it("every cycle draws another A, the same for the same seed", async () => {
    const [one, other] = await Promise.all([0, 0].map(() => trained({ method: "cola" })));
    if (!one || !other) throw new Error("two runs expected");
    const seen: number[][] = [];
    for (const cycle of [1, 2]) {
      for (const parts of [one, other]) {
        await mergeAdapters(parts, { every: 10, after: "restart", warmupSteps: 0 }, cycle);
      }
      seen.push(await numbersOfParam(one, a));
      expect(await numbersOfParam(other, a)).toEqual(seen.at(-1));
    }
    expect(relativeDifference(seen[0] ?? [], seen[1] ?? [])).toBeGreaterThan(0.5);
    await Promise.all([one.engine.release(), other.engine.release()]);
  });
});

describe("A at the start", () => {
  it("is uniform up to 1/√in, as peft draws it, and B is zero", async () => {
    const parts = await partsOf({ method: "lora", rank: 64, targets: ["mlp.c_proj"] });
    const numbers = await numbersOfParam(parts, a);
    // in = 40: variance 1 / (3 · 40), over 2,560 draws.
    const variance = numbers.reduce((sum, x) => sum + x * x, 0) / numbers.length;
    expect(Math.abs(variance * 120 - 1)).toBeLessThan(0.06);
    const largest = Math.max(...numbers.map(Math.abs));
    expect(largest).toBeLessThanOrEqual(40 ** -0.5);
    expect(largest).toBeGreaterThan(0.99 * 40 ** -0.5);
    expect(nonZero(await numbersOfParam(parts, b))).toBe(0);
    await parts.engine.release();
  });
});

describe("mergeSchedule", () => {
  it.each<[TrainOptions, number, object | undefined]>([
    [{ method: "lora" }, 900, undefined],
    [{ method: "flora" }, 900, undefined],
    [{ method: "relora" }, 5000, { every: 1000, after: "prune and warm up", warmupSteps: 100 }],
    [
      { method: "relora", mergeEvery: 50 },
      900,
      { every: 50, after: "prune and warm up", warmupSteps: 5 },
    ],
    [
      { method: "relora", restartWarmupSteps: 7 },
      900,
      { every: 1000, after: "prune and warm up", warmupSteps: 7 },
    ],
    [{ method: "plora" }, 900, { every: 225, after: "restart", warmupSteps: 22 }],
    [{ method: "cola" }, 900, { every: 300, after: "restart", warmupSteps: 30 }],
  ])("%j in %i steps", (options, steps, expected) => {
    expect(mergeSchedule(parseConfig(options), steps)).toEqual(expected);
  });
});

describe("pruneState", () => {
  it.each([
    [0.5, [0, -3, 0, 4]],
    [1, [0, 0, 0, 0]],
    [0, [1, -3, 2, 4]],
    [0.75, [0, 0, 0, 4]],
  ])("of %d keeps the largest", (share, expected) => {
    const first = Float32Array.of(1, -3, 2, 4);
    const second = Float32Array.of(9, 9, 9, 9);
    const [kept = [], alike = []] = pruneState([first, second], share);
    expect(Array.from(kept)).toEqual(expected);
    expect(Array.from(alike)).toEqual(expected.map((x) => (x === 0 ? 0 : 9)));
    expect(Array.from(first)).toEqual([1, -3, 2, 4]);
  });

  it("keeps the last of those that are equally large", () => {
    const [kept = []] = pruneState([Float32Array.of(1, -1, 1, -1, 0.5)], 0.6);
    expect(Array.from(kept)).toEqual([0, 0, 1, -1, 0]);
  });
});

it("a state that is not float32 is never pruned by mistake", () => {
  expect(() => floats(new Int8Array(2))).toThrow("internal");
  expect(() => bufferNamed({}, "mu")).toThrow("internal");
  expect(() => bufferOf(new Map(), "w")).toThrow("internal");
});
