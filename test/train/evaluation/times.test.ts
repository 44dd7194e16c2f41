/** When held-out data are looked at, against numbers counted by hand. */

import { expect, it } from "vitest";
import {
  evaluatedBatches,
  evaluationInterval,
  evaluationTimes,
} from "../../../src/train/evaluation/times.ts";
import { createJudge } from "../../../src/train/evaluation/judge.ts";

const judge = createJudge({ criterion: "loss", patience: 0, skipSpikes: 0 });

it.each([
  ["is as given", { evaluateEvery: 7, microSteps: 1, syncEvery: 1 }, 1000, 16, 7],
  ["is a tenth of a long run", { evaluateEvery: 0, microSteps: 1, syncEvery: 1 }, 1000, 16, 100],
  // 16 batches cost what 16 / 3 trained ones do: a tenth of 270 has room for five times as many, of which one is before the first step.
  [
    "takes at most a tenth of the time",
    { evaluateEvery: 0, microSteps: 1, syncEvery: 1 },
    270,
    16,
    68,
  ],
  ["counts micro-steps", { evaluateEvery: 0, microSteps: 4, syncEvery: 1 }, 100, 16, 17],
  ["is a third of a short run", { evaluateEvery: 0, microSteps: 1, syncEvery: 1 }, 30, 16, 10],
  ["is a step in a run of three", { evaluateEvery: 0, microSteps: 1, syncEvery: 1 }, 3, 16, 1],
  ["ends where ranks meet", { evaluateEvery: 0, microSteps: 1, syncEvery: 4 }, 30, 16, 12],
] as const)("the interval %s", (_, options, totalSteps, batches, interval) => {
  expect(evaluationInterval(options, { totalSteps, batches })).toBe(interval);
});

it.each([
  ["all that there are in a long run", { microSteps: 1 }, 1000, 16, 16],
  // A tenth of 30 steps are 9 evaluated batches: four evaluations of 2.
  ["few in a short one", { microSteps: 1 }, 30, 16, 2],
  ["as micro-steps say", { microSteps: 4 }, 30, 16, 9],
  ["one at least", { microSteps: 1 }, 3, 16, 1],
  ["those that were asked for", { microSteps: 1, evaluationBatches: 16 }, 30, 16, 16],
] as const)("the batches of an evaluation are %s", (_, options, totalSteps, batches, expected) => {
  expect(evaluatedBatches(options, { totalSteps, batches })).toBe(expected);
});

it("all evaluations together take a tenth of the time, unless a run is shorter than one could be", () => {
  for (const totalSteps of [14, 20, 30, 72, 200, 213, 1000]) {
    for (const microSteps of [1, 2, 8]) {
      for (const held of [1, 3, 16]) {
        const options = { evaluateEvery: 0, microSteps, syncEvery: 1 };
        const batches = evaluatedBatches(options, { totalSteps, batches: held });
        const interval = evaluationInterval(options, { totalSteps, batches });
        // The one before the first step, and the last.
        const count = 1 + Math.ceil(totalSteps / interval);
        const cost = (count * batches) / 3;
        expect(
          cost / (totalSteps * microSteps),
          `${totalSteps} x ${microSteps}`,
        ).toBeLessThanOrEqual(0.1 + 1e-9);
      }
    }
  }
});

it("minutes stand in place of steps", () => {
  const options = { evaluateEvery: 1, evaluateMinutes: 2, microSteps: 1, syncEvery: 1 };
  const times = evaluationTimes(options, { totalSteps: 9, batches: 1, startStep: 0, judge });
  expect([times.isDue(5, 119_999), times.isDue(5, 120_000)]).toEqual([false, true]);
  times.done(5, 130_000);
  expect([times.isDue(9, 249_999), times.isDue(9, 250_000)]).toEqual([false, true]);
});

it("an alarm is heard at once, and not again at once", () => {
  const alarmed = createJudge({ criterion: "loss", patience: 0, skipSpikes: 0 });
  for (const loss of [2, 9, 9, 9]) alarmed.stepped(loss, false);
  const options = { evaluateEvery: 100, microSteps: 1, syncEvery: 1 };
  const situation = { totalSteps: 900, batches: 1, startStep: 0, judge: alarmed };
  const times = evaluationTimes(options, situation);
  expect(times.isDue(7, 0)).toBe(true);
  times.done(7, 0);
  expect([times.isDue(11, 0), times.isDue(12, 0)]).toEqual([false, true]);
});
