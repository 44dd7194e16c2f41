/** The experiment on a tiny model: what must be equal is, and what may not be asked is refused. */

import { nodeHost } from "../../../src/host/node.ts";
import { sharedRuntime } from "../../support/shared-runtime.ts";
import { describe, expect, it } from "vitest";
import { dynamics } from "../../../src/lab/dynamics/dynamics.ts";
import {
  type DynamicsEvent,
  type DynamicsOptions,
  METHODS,
} from "../../../src/lab/dynamics/events.ts";
import { parseConfig, type TrainOptions } from "../../../src/options/config.ts";
import { pairsFile } from "../../e2e/support.ts";

const context = { runtime: sharedRuntime, host: nodeHost() };
const RANK = 3;

const optionsOf = (
  options: TrainOptions = {},
  own: Partial<DynamicsOptions> = {},
): DynamicsOptions => ({
  config: parseConfig({
    train: pairsFile,
    model: { n_embd: 16, n_layer: 3, n_head: 2, n_positions: 128 },
    targets: ["c_attn", "c_fc"],
    optimizer: "sgd",
    schedule: "constant",
    warmupSteps: 0,
    learningRate: 0.1,
    rank: RANK,
    alpha: 2 * RANK,
    batchSize: 2,
    microSteps: 2,
    steps: 4,
    ...options,
  }),
  warmStart: 2,
  mergeEvery: 2,
  ...own,
});

async function run(options: DynamicsOptions) {
  const events: DynamicsEvent[] = [];
  for await (const event of dynamics(options, context)) events.push(event);
  const start = events.find((event) => event.type === "start");
  const steps = events.flatMap((event) => (event.type === "step" ? [event] : []));
  const end = events.find((event) => event.type === "end");
  if (!start || !end) throw new Error("no start or end");
  return { start, steps, end };
}

const { start, steps, end } = await run(optionsOf());
const [first, last] = [steps[0], steps.at(-1)];
const names = ["h.1.attn.c_attn.weight", "h.1.mlp.c_fc.weight"];

describe("the experiment", () => {
  it("measures the targets of the middle block", () => {
    expect(start.probes).toEqual([
      { name: names[0], shape: [48, 16] },
      { name: names[1], shape: [64, 16] },
    ]);
    expect(start.targets.length).toBe(6);
    expect(start.scale).toBe(2);
    expect(steps.map(({ step }) => step)).toEqual([1, 2, 3, 4]);
  });

  it("starts all methods from the same weights and batches", () => {
    const losses = Object.values(first?.losses ?? {});
    expect(losses.length).toBe(METHODS.length);
    for (const loss of losses) expect(Math.abs(loss - (losses[0] ?? 0))).toBeLessThan(1e-6);
    for (const { loss } of first?.regimes ?? []) {
      expect(Math.abs(loss - (losses[0] ?? 0))).toBeLessThan(1e-6);
    }
    expect(new Set(Object.values(last?.losses ?? {})).size).toBeGreaterThan(3);
  });

  it.each(names)("reproduces the adapters of %s by the recursion", (name) => {
    for (const { probes } of steps) {
      expect(probes[name]?.deviationA).toBeLessThan(1e-6);
      expect(probes[name]?.deviationB).toBeLessThan(1e-6);
    }
  });

  it.each(names)("finds LoRA-FA equal to the fixed projection for %s", (name) => {
    for (const { probes } of steps) expect(probes[name]?.fixedDistance).toBeLessThan(1e-4);
  });

  it.each(names)("finds no second term at first, and then some, for %s", (name) => {
    const { distance = 1, secondTerm = 1, movement = 1 } = first?.probes[name] ?? {};
    expect(distance).toBeLessThan(1e-5);
    expect(secondTerm).toBeLessThan(1e-5);
    expect(movement).toBeLessThan(1e-5);
    expect(last?.probes[name]?.secondTerm).toBeGreaterThan(1e-5);
    const [near = { secondTerm: 0 }, far = { secondTerm: 0 }] = last?.regimes ?? [];
    expect(near.secondTerm).toBeGreaterThan(4 * (last?.probes[name]?.secondTerm ?? 1));
    expect(far.secondTerm).toBeGreaterThan(4 * near.secondTerm);
  });

  it.each(names)("gives every method the rank it can have, for %s", (name) => {
    const rankOf = (method: (typeof METHODS)[number]) => {
      const values = end.spectra[name]?.[method].values ?? [];
      return values.filter((value) => value > 1e-4 * (values[0] ?? 0)).length;
    };
    const limited = METHODS.filter((method) => method !== "dense").map(rankOf);
    expect(limited).toEqual([RANK, RANK, RANK, 2 * RANK, 4 * RANK]);
    expect(rankOf("dense")).toBeGreaterThan(4 * RANK);
  });

  it("evaluates all of them", () => {
    expect(Object.keys(end.heldOut).toSorted()).toEqual([...METHODS, "start"].toSorted());
    for (const loss of Object.values(end.heldOut)) expect(loss).toBeGreaterThan(0);
  });
});

describe("is refused", () => {
  const cases: readonly (readonly [DynamicsOptions, string])[] = [
    [optionsOf({ optimizer: "adam" }), "optimizer: the theory is about plain SGD, sgd; got adam"],
    [optionsOf({ weightDecay: 0.1 }), "weightDecay: the theory is about plain SGD, 0; got 0.1"],
    [optionsOf({ rank: 16 }), "rank: must be below the 16 inputs of the targets; got 16"],
    [optionsOf({}, { probes: ["c_proj"] }), "probe: no target has such a name; got c_proj"],
    [optionsOf({ targets: ["c_q"] }), 'targets: no linear map matches "c_q"'],
    [optionsOf({ accumulatorDtype: "int8" }), "accumulatorDtype: the theory is about plain SGD"],
    [optionsOf({ learningRate: 1e18 }), "is not a number at step"],
  ];
  it.each(cases.map(([options, message]) => ({ options, message })))(
    "$message",
    async ({ options, message }) => {
      await expect(run({ ...options, warmStart: 0 })).rejects.toThrow(message);
    },
  );
});
