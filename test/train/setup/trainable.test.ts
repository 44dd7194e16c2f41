/** What freezing, rates and decay by patterns do to one step, against the step without them. */

import { describe, expect, it } from "vitest";
import type { TrainOptions } from "../../../src/options/config.ts";
import { describePlan } from "../../../src/engine/plan.ts";
import { expectClose } from "../../support/close.ts";
import { batchOf, numbersOfParam, partsOf } from "../support.ts";

const batch = batchOf([[1, 2, 3, 4, 5, 6, 7, 8, 9]]);

/** What a step of SGD adds to every parameter. */
async function stepOf(options: TrainOptions): Promise<ReadonlyMap<string, readonly number[]>> {
  const parts = await partsOf({ method: "dense", optimizer: "sgd", ...options });
  const { engine } = parts;
  const names = [...parts.model.params.keys()];
  const before = await Promise.all(names.map((name) => numbersOfParam(parts, name)));
  engine.begin({ step: 1, cycle: 0, learningRate: 0.5, opensCycle: true });
  await engine.microStep(batch, 0);
  await engine.update();
  const after = await Promise.all(names.map((name) => numbersOfParam(parts, name)));
  await engine.release();
  return new Map(
    names.map((name, i) => [name, (after[i] ?? []).map((w, k) => w - (before[i]?.[k] ?? NaN))]),
  );
}

const moved = (delta: readonly number[]): boolean => delta.some((d) => d !== 0);

describe("a step", () => {
  it("leaves what is frozen to the last bit, and all else moves as it did", async () => {
    const [all, part] = [await stepOf({}), await stepOf({ freeze: ["h.0.*", "wpe.weight"] })];
    for (const [name, delta] of part) {
      const isFrozen = name.startsWith("h.0.") || name === "wpe.weight";
      expect(moved(delta), name).toBe(!isFrozen);
      if (!isFrozen) expectClose(delta, all.get(name) ?? [], 1e-5, { what: name });
    }
  });

  it("is as long as its factors say, which are multiplied", async () => {
    const all = await stepOf({});
    const rateFactors = { "h.*": 0.25, "*.c_fc.weight": 2 };
    for (const [name, delta] of await stepOf({ rateFactors })) {
      const factor = name.startsWith("h.") ? (name.endsWith("c_fc.weight") ? 0.5 : 0.25) : 1;
      const expected = (all.get(name) ?? []).map((d) => d * factor);
      // Small steps on larger weights: float32 rounds the sum.
      expectClose(delta, expected, 1e-4, { what: name });
    }
  });

  it("decays matrices but what is spared", async () => {
    const plain = await stepOf({});
    const decayed = await stepOf({ weightDecay: 0.1 });
    const spared = await stepOf({ weightDecay: 0.1, noDecay: ["w*e.weight"] });
    for (const [name, delta] of spared) {
      const isSpared = /^w[tp]e\.weight$/.test(name);
      expect(delta, name).toEqual((isSpared ? plain : decayed).get(name));
      expect(decayed.get(name)?.join() === plain.get(name)?.join(), name).toBe(
        !/(wte|wpe|c_\w+)\.weight$/.test(name),
      );
    }
  });

  it.each<TrainOptions>([
    { method: "flora", rank: 4, optimizer: "adam", compressMoments: true },
    { method: "flora", rank: 4, optimizer: "adafactor", momentum: 0.9 },
  ])("of %j knows all three", async (options) => {
    const by = { weightDecay: 0.1, noDecay: ["*.c_fc.weight"], rateFactors: { "wte.weight": 0.5 } };
    const delta = await stepOf({ ...options, ...by, freeze: ["*.c_proj.*"], resampleEvery: 1000 });
    for (const [name, own] of delta) expect(moved(own), name).toBe(!name.includes("c_proj"));
  });
});

describe("beside adapters", () => {
  it("adapters are frozen by their names", async () => {
    const { plan, engine } = await partsOf({ method: "lora", rank: 2, freeze: ["h.0.*lora*"] });
    const trained = describePlan(plan).filter(({ frozen }) => !frozen);
    expect(trained.length).toBeGreaterThan(0);
    for (const { name } of trained) expect(name).toMatch(/^h\.1\..*lora_/);
    await engine.release();
  });

  it.each<[TrainOptions, string]>([
    [{ freeze: ["wte.weight"] }, 'freeze: no parameter that is trained matches "wte.weight"'],
    [{ freeze: ["*"] }, "freeze: nothing is left to train; got *"],
    [
      { freeze: ["ln_f.bias"], modulesToSave: ["ln_f"], model: "dir" },
      "freeze: what is trained beside adapters is saved whole; got ln_f.bias",
    ],
  ])("%j is refused", async (options, message) => {
    await expect(partsOf({ method: "lora", rank: 2, ...options })).rejects.toThrow(message);
  });
});

it.each<[TrainOptions, string]>([
  [{ freeze: ["h.9.*"] }, 'freeze: no parameter that is trained matches "h.9.*"'],
  [{ rateFactors: { lm_head: 2 } }, 'rateFactors: no parameter that is trained matches "lm_head"'],
  [
    { freeze: ["wpe.weight"], rateFactors: { "wpe.weight": 2 } },
    'rateFactors: no parameter that is trained matches "wpe.weight"',
  ],
  [{ weightDecay: 0.1, noDecay: ["x"] }, 'noDecay: no parameter that is trained matches "x"'],
  [{ noDecay: ["wte.weight"] }, "noDecay: adafactor decays nothing; got wte.weight"],
  [{ rateFactors: { "*": 0 } }, "rateFactors.*"],
])("%j is refused", async (options, message) => {
  await expect(partsOf({ method: "dense", ...options })).rejects.toThrow(message);
});
