import { describe, expect, it } from "vitest";
import { parseMethod } from "../../../src/lab/suites/method-spec.ts";
import {
  canonical,
  isSameRun,
  methodOptions,
  parseSeeds,
  planRun,
  rateOf,
} from "../../../src/lab/compare/plan-runs.ts";
import { nodeFiles } from "../../support/files.ts";
import { parseConfig, type TrainOptions } from "../../../src/options/config.ts";

const base = { train: "a.txt", steps: 100, microSteps: 4, warmupSteps: 5, rank: 3 };

describe("methodOptions", () => {
  it.each<[string, object]>([
    ["dense", { method: "dense", microSteps: 4, steps: 100 }],
    ["flora:8", { method: "flora", rank: 8, microSteps: 4, steps: 100 }],
    ["flora:8@side=rows", { method: "flora", rank: 8, side: "rows" }],
    [
      "none",
      {
        method: "dense",
        microSteps: 1,
        steps: 400,
        warmupSteps: 20,
        evaluateEvery: 0,
        saveEvery: 0,
      },
    ],
    ["none@momentum=0.5", { method: "dense", microSteps: 1, momentum: 0.5 }],
  ])("%s", (method, expected) => {
    const options = methodOptions(base, parseMethod(method));
    expect(options).toMatchObject(expected);
    expect(options).toMatchObject({ train: "a.txt" });
  });

  it("counts the demonstration's steps in micro-batches too", () => {
    const demonstration = parseConfig({});
    const options = methodOptions({ microSteps: 8 }, parseMethod("none"));
    expect(options["steps"]).toBe((demonstration.steps ?? 0) * 8);
    expect(options["warmupSteps"]).toBe((demonstration.warmupSteps ?? 0) * 8);
  });
});

describe("planRun", () => {
  const method = parseMethod("flora:8");

  it("holds out the same with every seed", () => {
    const holdoutSeeds = (options: TrainOptions) =>
      [0, 1, 2].map((seed) => {
        const planned = planRun(options, method, "out", { seed, learningRate: 0.01 }).options;
        return planned.holdoutSeed ?? planned.seed;
      });
    expect(holdoutSeeds(base)).toEqual([0, 0, 0]);
    expect(holdoutSeeds({ ...base, seed: 1 })).toEqual([1, 1, 1]);
    expect(holdoutSeeds({ ...base, holdoutSeed: 7 })).toEqual([7, 7, 7]);
  });

  it("has a directory for each seed, and for each rate of a sweep", () => {
    const choice = { seed: 2, learningRate: 0.01 };
    expect(planRun(base, method, "out", choice).directory).toBe("out/runs/flora-8-s2-lr0.01");
    const sweep = planRun(base, method, "out", { ...choice, sweepShare: 0.25 });
    expect(sweep.directory).toBe("out/runs/flora-8-s2-lr0.01-short");
  });

  it("is shorter for a sweep, with one evaluation and no translation", () => {
    const choice = { seed: 0, learningRate: 0.01, sweepShare: 0.25 };
    expect(planRun(base, method, "out", choice).options).toMatchObject({
      steps: 25,
      warmupSteps: 2,
      evaluateEvery: 25,
      translations: 0,
      learningRate: 0.01,
    });
    const { options } = planRun({ train: "a.txt", epochs: 2 }, method, "out", choice);
    expect(options).toMatchObject({ epochs: 0.5 });
    expect(options).not.toHaveProperty("steps");
  });
});

describe("rateOf", () => {
  it.each<[TrainOptions, string, object]>([
    // 1e-2 at a width of 576, and as many times that as a model is narrower, with one digit.
    [{ train: "a.txt", model: { n_embd: 576 } }, "dense", { value: 0.01, how: "usual" }],
    [{ train: "a.txt", model: { n_embd: 288 } }, "dense", { value: 0.02, how: "usual" }],
    [{ train: "a.txt", model: { n_embd: 288 } }, "lora:8", { value: 0.02, how: "usual" }],
    [{ train: "a.txt", learningRate: 0.5 }, "dense", { value: 0.5, how: "given" }],
    [
      { train: "a.txt", model: { n_embd: 288 } },
      "dense@optimizer=adamw",
      { value: 2e-3, how: "usual" },
    ],
    [{ train: "a.txt" }, "dense@learningRate=7", { value: 7, how: "given" }],
    // The demonstration's own rate is for its own optimizer.
    [{}, "dense", { value: 0.03, how: "usual" }],
    [{ optimizer: "adafactor" }, "dense", { value: 0.03, how: "usual" }],
    // 1e-3 at a width of 576; its model is 128 wide.
    [{}, "dense@optimizer=adamw", { value: 5e-3, how: "usual" }],
    [{ optimizer: "sgd" }, "none", { value: 0.3, how: "usual" }],
  ])("%j, %s", async (options, method, expected) => {
    expect(await rateOf(nodeFiles, options, parseMethod(method))).toEqual(expected);
  });
});

describe("parseSeeds", () => {
  it.each<[string | undefined, number, number[]]>([
    [undefined, 5, [5]],
    ["3", 0, [0, 1, 2]],
    ["2", 7, [7, 8]],
    ["0,1,2", 9, [0, 1, 2]],
    ["4,4,1", 0, [4, 1]],
  ])("%s from %d on", (text, first, seeds) => {
    expect(parseSeeds(text, first)).toEqual(seeds);
  });

  it.each(["0", "", "x", "1,x", "-1", "1.5"])("refuses %j", (text) => {
    expect(() => parseSeeds(text, 0)).toThrow(/^seeds: must be a count or a list/);
  });
});

it("knows the same options in another order and place", () => {
  const a = parseConfig({ train: "a.txt", rank: 4, output: "x" });
  const b = parseConfig({ output: "y", resume: true, rank: 4, train: "a.txt" });
  expect(isSameRun(a, { ...b })).toBe(true);
  expect(isSameRun(parseConfig({ train: "a.txt", rank: 5 }), { ...a })).toBe(false);
  expect(isSameRun(parseConfig({ train: "a.txt" }), { ...a })).toBe(true);
  const logged: unknown = JSON.parse(JSON.stringify(a));
  expect(isSameRun(a, Object(logged))).toBe(true);
  expect(canonical({ b: [{ d: 1, c: 2 }], a: undefined })).toBe('{"b":[{"c":2,"d":1}]}');
});
