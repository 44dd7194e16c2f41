/** Learning-rate schedules against those of transformers. */

import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { schedule, type ScheduleName } from "../../src/optim/index.ts";
import { SCHEDULES } from "../../src/optim/schedule.ts";
import { expectClose, FLOAT64 } from "../support/close.ts";

interface Golden {
  readonly schedules: readonly {
    readonly name: ScheduleName;
    readonly options: { readonly warmupSteps: number; readonly totalSteps: number };
    readonly factors: readonly number[];
  }[];
}

const golden: Golden = JSON.parse(readFileSync("test/golden/optim.json", "utf8"));

describe("a schedule", () => {
  it.each(golden.schedules.map((item) => [item.name, item.options.warmupSteps, item] as const))(
    "%s, %d warm-up steps, is the reference's",
    (name, _, { options, factors }) => {
      const factor = schedule(name, options);
      expectClose(
        factors.map((__, step) => factor(step)),
        factors,
        FLOAT64,
      );
    },
  );

  it.each<ScheduleName>(SCHEDULES)(
    "%s rises in the warm-up, is 1 after it, and never above",
    (name) => {
      const factor = schedule(name, { warmupSteps: 5, totalSteps: 50 });
      const factors = Array.from({ length: 60 }, (_, step) => factor(step));
      expect(factors.slice(0, 6)).toEqual([0, 0.2, 0.4, 0.6, 0.8, 1]);
      expect(Math.max(...factors)).toBe(1);
      expect(Math.min(...factors)).toBeGreaterThanOrEqual(0);
    },
  );

  it.each<ScheduleName>(["linear", "cosine", "wsd"])("%s ends at 0 and stays there", (name) => {
    const factor = schedule(name, { warmupSteps: 0, totalSteps: 10 });
    expect(factor(10)).toBeCloseTo(0, 15);
    if (name === "linear") expect(factor(12)).toBe(0);
  });

  it.each<ScheduleName>(SCHEDULES)("%s is a number where all steps are warm-up", (name) => {
    const factor = schedule(name, { warmupSteps: 3, totalSteps: 3 });
    for (const step of [0, 2, 3]) expect(Number.isFinite(factor(step))).toBe(true);
  });
});
