/** Rates around merges, against hand-made numbers. */

import { expect, it } from "vitest";
import { createRates } from "../../../src/train/setup/rates.ts";

const config = { learningRate: 2, schedule: "linear", warmupSteps: 2 } as const;
const steps = Array.from({ length: 8 }, (_, i) => i);

it("without merges follow the schedule, and the optimizer counts steps", () => {
  const rates = createRates(config, 8, undefined);
  expect(steps.map((step) => rates(step).learningRate * 3)).toEqual([0, 3, 6, 5, 4, 3, 2, 1]);
  expect(steps.map((step) => rates(step).optimizerStep)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
});

it("after a merge of ReLoRA warm up again, under the same schedule", () => {
  const rates = createRates(config, 8, {
    every: 4,
    after: "prune and warm up",
    warmupSteps: 2,
  });
  expect(steps.map((step) => rates(step).learningRate * 3)).toEqual([0, 3, 6, 5, 0, 1.5, 2, 1]);
  expect(steps.map((step) => rates(step).optimizerStep)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
});

it("of COLA and PLoRA start over, and so does the optimizer's count", () => {
  const rates = createRates(config, 8, { every: 4, after: "restart", warmupSteps: 0 });
  expect(steps.map((step) => rates(step).learningRate)).toEqual([0, 1, 2, 1, 0, 1, 2, 1]);
  expect(steps.map((step) => rates(step).optimizerStep)).toEqual([1, 2, 3, 4, 1, 2, 3, 4]);
});

it("follow a schedule of one's own, in each cycle of COLA and PLoRA", () => {
  const schedule = (step: number) => step + 1;
  const cycles = { every: 4, after: "restart", warmupSteps: 0 } as const;
  const rates = createRates(config, 8, cycles, { schedule });
  const peak = config.learningRate;
  expect(steps.map((step) => rates(step).learningRate / peak)).toEqual([1, 2, 3, 4, 1, 2, 3, 4]);
});
