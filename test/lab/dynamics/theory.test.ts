/** The verdict and the sentences, from runs made up for them. */

import { describe, expect, it } from "vitest";
import { counterexample, movement } from "../../../src/lab/dynamics/bound.ts";
import type { DynamicsStep, Method } from "../../../src/lab/dynamics/events.ts";
import type { ProbeNumbers } from "../../../src/lab/dynamics/probe.ts";
import { findingsOf } from "../../../src/lab/dynamics/report.ts";
import { type DynamicsResult, labelOf } from "../../../src/lab/dynamics/result.ts";
import { regimes, verdictOf } from "../../../src/lab/dynamics/theory.ts";

const NAME = "h.1.attn.c_attn.weight";
const byMethod = <T>(value: T): Readonly<Record<Method, T>> => ({
  LoRA: value,
  "LoRA-FA": value,
  "fixed projection": value,
  ReLoRA: value,
  FLORA: value,
  dense: value,
});

const quiet: ProbeNumbers = {
  update: 1,
  distance: 0.01,
  secondTerm: 0.005,
  movement: 0.001,
  sumNorm: 2,
  deviationA: 1e-8,
  deviationB: 2e-8,
  fixedDistance: 1e-6,
  loraFaDistance: 0.02,
};

/** A run with these numbers in its last step, or in another one. */
function resultOf(numbers: Partial<ProbeNumbers> = {}, at = 3): DynamicsResult {
  const steps = [1, 2, 3].map((step): DynamicsStep => ({
    type: "step",
    step,
    losses: byMethod(3 - step / 10),
    probes: { [NAME]: { ...quiet, ...(step === at && numbers) } },
    regimes: [{ loss: 3, secondTerm: 0.25 * step }],
  }));
  return {
    start: {
      type: "start",
      data: "8 pairs",
      modelType: "gpt2",
      targets: [NAME],
      probes: [{ name: NAME, shape: [6, 4] }],
      steps: 3,
      rank: 2,
      rate: 0.1,
      scale: 1,
      regimes: [{ scale: 0.1, rate: 10 }],
      mergeEvery: 1,
      warmStart: 0,
      seed: 0,
    },
    steps,
    end: {
      type: "end",
      heldOut: { start: 3, ...byMethod(2.5) },
      spectra: { [NAME]: byMethod({ values: [2, 1, 0], effectiveRank: 1.9, stableRank: 1.25 }) },
      norms: { [NAME]: byMethod(1) },
      elapsedMs: 1,
    },
  };
}

const text = (reading: readonly string[]) => reading.join(" ");

describe("the verdict", () => {
  it.each([
    { deviation: "A", numbers: {}, passed: true, worst: 2e-8 },
    { deviation: "A", numbers: { deviationA: 6e-6 }, passed: false, worst: 6e-6 },
    { deviation: "B", numbers: { deviationB: 6e-6 }, passed: false, worst: 6e-6 },
    { deviation: "B", numbers: { deviationB: Number.NaN }, passed: false, worst: Number.NaN },
  ])("on $numbers is $passed", ({ numbers, passed, worst }) => {
    const verdict = verdictOf(resultOf(numbers));
    expect(verdict.passed).toBe(passed);
    expect(verdict.deviation).toBe(worst);
    expect(verdictOf(resultOf(numbers, 2)).passed).toBe(passed);
    expect(findingsOf(resultOf(numbers))[0]?.heading).toContain(passed ? "pass" : "FAIL");
  });
});

it.each([
  // The bound at step 3, times the rate: (0.1 · 2)² (1 + 0.04 + 0.0016) = 0.0417.
  { movement: 0.041, says: "held at every step" },
  { movement: 0.042, says: "was broken by attn.c_attn from step 3" },
])("a movement of $movement $says", ({ movement: moved, says }) => {
  expect(text(movement(resultOf({ movement: moved })).reading)).toContain(says);
});

it("says that a run diverged", () => {
  const [lost] = findingsOf(resultOf({ deviationA: 1, movement: 50 }));
  expect(text(lost?.reading ?? [])).toContain("A has moved by 50 times its size");
});

it.each([
  { others: [], label: "attn.c_attn" },
  { others: ["h.1.mlp.c_fc.weight"], label: "attn.c_attn" },
  { others: ["h.2.attn.c_attn.weight"], label: "h.1.attn.c_attn" },
])("is called $label beside $others", ({ others, label }) => {
  const { start } = resultOf();
  const probes = [NAME, ...others].map((name) => ({ name, shape: [6, 4] as const }));
  expect(labelOf({ ...start, probes }, NAME)).toBe(label);
});

it("says where the counterexample passes the bound", () => {
  expect(text(counterexample().reading)).toContain("passes it at step 4");
});

it("compares the regimes at the end", () => {
  const { reading, chart } = regimes(resultOf());
  expect(text(reading)).toContain("0.5 % of ΔW (s 1, rate 0.1), 75 % of ΔW (s 0.1, rate 10)");
  expect(chart?.series.map(({ points }) => points.length)).toEqual([3, 3]);
});

it("has a reading for every chart, and no two files of one name", () => {
  const findings = findingsOf(resultOf());
  for (const { reading } of findings) expect(text(reading)).toMatch(/\d/);
  expect(text(findings.flatMap(({ reading }) => reading))).not.toMatch(/NaN|undefined|Infinity/);
  expect(new Set(findings.map(({ name }) => name)).size).toBe(findings.length);
});
