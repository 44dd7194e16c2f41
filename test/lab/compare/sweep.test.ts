import { describe, expect, it } from "vitest";
import {
  bestTrial,
  nextRate,
  ratesAround,
  type Trial,
  USUAL_FACTORS,
} from "../../../src/lab/compare/sweep.ts";

/** All rates that a sweep tries if a run at a rate ends with this loss. */
function sweep(initial: readonly number[], loss: (rate: number) => number): Trial[] {
  const trials: Trial[] = [];
  for (let rate = nextRate(initial, trials); rate !== undefined; rate = nextRate(initial, trials)) {
    trials.push({ rate, loss: loss(rate) });
    if (trials.length > 20) throw new Error("the sweep does not end");
  }
  return trials;
}

const valley = (at: number) => (rate: number) => Math.abs(Math.log(rate / at));

describe("a sweep", () => {
  it.each([
    { name: "stops where the best is inside", best: 0.03, tried: [0.01, 0.03, 0.09] },
    { name: "goes up by one", best: 0.09, tried: [0.01, 0.03, 0.09, 0.27] },
    { name: "goes up by two at most", best: 100, tried: [0.01, 0.03, 0.09, 0.27, 0.81] },
    { name: "goes down by one", best: 0.01, tried: [0.01, 0.03, 0.09, 0.00333] },
    { name: "goes down by two at most", best: 1e-9, tried: [0.01, 0.03, 0.09, 0.00333, 0.00111] },
  ])("$name", ({ best, tried }) => {
    expect(sweep([0.01, 0.03, 0.09], valley(best)).map(({ rate }) => rate)).toEqual(tried);
  });

  it("passes over runs that diverged", () => {
    const trials = sweep([0.01, 0.03, 0.09], (rate) => (rate > 0.02 ? Infinity : 2));
    expect(bestTrial(trials)?.rate).toBeLessThanOrEqual(0.01);
  });

  it("goes down if all diverged", () => {
    const trials = sweep([0.1, 0.3], () => NaN);
    expect(trials.map(({ rate }) => rate)).toEqual([0.1, 0.3, 0.0333, 0.0111]);
    expect(bestTrial(trials)).toBeUndefined();
  });

  it("takes a single rate as a beginning", () => {
    expect(sweep([1], valley(1)).map(({ rate }) => rate)).toEqual([1, 0.333, 3]);
  });
});

it("takes the lower of equal losses' rates", () => {
  const trials = [0.3, 0.1, 0.2].map((rate) => ({ rate, loss: 1 }));
  expect(bestTrial(trials)?.rate).toBe(0.1);
});

it.each([
  [0.03, USUAL_FACTORS, [0.01, 0.03, 0.09]],
  [0.02, [3, 1, 1 / 3], [0.00667, 0.02, 0.06]],
  [1, [2, 2, 0.5], [0.5, 2]],
])("ratesAround(%d, %j)", (centre, factors, rates) => {
  expect(ratesAround(centre, factors)).toEqual(rates);
});
