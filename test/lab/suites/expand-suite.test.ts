import { describe, expect, it } from "vitest";
import { methodNames } from "../../../src/lab/suites/method-spec.ts";
import { methodOptions } from "../../../src/lab/compare/plan-runs.ts";
import { findSuite, SUITES } from "../../../src/lab/suites/suites.ts";
import { parseConfig, type TrainOptions } from "../../../src/options/config.ts";
import { expandSuite, predictMemory } from "../../support/on-node.ts";

const small = { model: { n_embd: 64, n_layer: 1, n_head: 2, n_positions: 32 }, rank: 16 };
const expand = (name: string, options: TrainOptions = {}) =>
  expandSuite(findSuite(name), { ...small, ...options });

it.each(SUITES.map(({ name }) => name))("%s has methods for a small model", async (name) => {
  const { methods, base } = await expand(name);
  expect(methods.length).toBeGreaterThan(1);
  expect(new Set(methods.map(({ slug }) => slug)).size).toBe(methods.length);
  for (const method of methods) {
    expect(() => parseConfig(methodOptions(base, method))).not.toThrow();
    expect(method.text).not.toContain("$");
    expect(method.rank ?? 0).toBeLessThan(64);
  }
});

it("leaves ranks out that do not fit, with a note", async () => {
  const { methods, notes } = await expand("accumulation");
  const flora = methods.filter(({ name }) => name === "flora").map(({ rank }) => rank);
  expect(flora).toEqual([8, 32]);
  expect(notes).toContain("Left out: rank 128, as the model is only 64 wide.");
});

it("leaves methods out that this version lacks, with a note", async () => {
  const { methods, notes } = await expand("accumulation");
  const lacks = !methodNames().includes("lora");
  expect(methods.some(({ name }) => name === "lora")).toBe(!lacks);
  expect(notes.some((note) => note.startsWith("Left out: lora,"))).toBe(lacks);
});

it("puts the user's options before its own", async () => {
  const { base } = await expand("accumulation", { microSteps: 3 });
  expect(base).toMatchObject({ microSteps: 3, batchSize: 8, rank: 16 });
});

describe("kappa", () => {
  it("has the smallest interval that the plan does not refuse", async () => {
    const { methods, base } = await expand("kappa");
    const [refused, safest] = methods.map(({ options }) => Number(options["resampleEvery"]));
    expect(refused).toBe(1);
    const interval = safest ?? NaN;
    const predict = (resampleEvery: number) =>
      predictMemory(parseConfig({ ...base, method: "flora", rank: 16, resampleEvery }));
    await expect(predict(interval)).resolves.toBeDefined();
    await expect(predict(interval - 1)).rejects.toThrow("would grow without bound");
  });

  it("has the unsafe ones too, in order", async () => {
    const { methods } = await expand("kappa");
    const intervals = methods.map(({ options }) => Number(options["resampleEvery"]));
    expect(intervals).toEqual(expect.arrayContaining([1, 10, 100, 1000, 10_000]));
    expect(intervals).toEqual(intervals.toSorted((a, b) => a - b));
    expect(methods.every(({ rank }) => rank === 16)).toBe(true);
  });
});

describe("momentum", () => {
  it.each<[TrainOptions, number]>([
    [{ steps: 1000 }, 200],
    [{ steps: 100_000 }, 1000],
    [{ train: "a.txt", epochs: 3 }, 1000],
  ])("changes the projection a few times in a run: %j", async (options, interval) => {
    const { methods } = await expand("momentum", options);
    const flora = methods.find(({ name }) => name === "flora");
    expect(flora?.options["resampleEvery"]).toBe(interval);
  });

  it("never changes it more often than is safe", async () => {
    const { methods, base } = await expand("momentum", { steps: 10 });
    for (const method of methods.filter(({ name }) => name === "flora")) {
      const config = parseConfig(methodOptions(base, method));
      expect(config.resampleEvery).toBeGreaterThan(2);
      await expect(predictMemory(config)).resolves.toBeDefined();
    }
  });

  it("compares with no momentum at all", async () => {
    const { methods, base } = await expand("momentum");
    const [none] = methods;
    expect(none?.label).toBe("None");
    expect(none && methodOptions(base, none)).toMatchObject({ momentum: 0, method: "dense" });
  });
});
