/** What the page makes of a log, and what it says of it. */

import { describe, expect, it } from "vitest";
import { alertsOf } from "../../page/alerts.js";
import { formatBytes, formatDuration, formatNumber } from "../../page/format.js";
import { bestOf, type RunState, smoothed, take, unknownRun } from "../../page/run-state.js";
import type { LoggedEvent } from "../../src/runs/log-line.ts";
import { startEvent as startOf, stepEvent } from "../cli/events.ts";

const time = "2026-01-02T03:04:05.000Z";
const AT = Date.parse(time);

function runOf(...events: readonly LoggedEvent[]): RunState {
  const run = unknownRun();
  for (const event of events) take(run, { ...event, time });
  return run;
}

function startEvent(): LoggedEvent & { readonly type: "start" } {
  const event = startOf();
  return { ...event, config: { ...event.config } };
}

const stepsTo = (count: number, change: object = {}): readonly LoggedEvent[] =>
  Array.from({ length: count }, (_, i) => ({ ...stepEvent(), step: i + 1, ...change }));

const heldOut = (step: number, loss: number): LoggedEvent => ({
  type: "evaluation",
  step,
  loss,
  perplexity: Math.exp(loss),
  tokens: 100,
  elapsedMs: 10,
});

describe("a run", () => {
  it("takes the steps that are done again in place of the first ones", () => {
    const again = { ...startEvent(), startStep: 2 };
    const run = runOf(startEvent(), ...stepsTo(4), heldOut(4, 1), again, {
      ...stepEvent(),
      step: 3,
      loss: 9,
    });
    expect(run.steps.map(({ step, loss }) => [step, loss === 9])).toEqual([
      [1, false],
      [2, false],
      [3, true],
    ]);
    expect(run.evaluations).toEqual([]);
    expect(run.end).toBeUndefined();
  });

  it("has the lowest held-out loss as its best", () => {
    expect(bestOf(runOf(heldOut(0, 3), heldOut(5, 2), heldOut(9, 2.5)))?.step).toBe(5);
    expect(bestOf(unknownRun())).toBeUndefined();
  });

  it("is smoothed without a bias at its beginning", () => {
    expect(smoothed([4, 4, 4], 10)).toEqual([4, 4, 4].map((value) => expect.closeTo(value, 12)));
    // By hand, over two: (4/4 + 2/2) / (1/4 + 1/2).
    expect(smoothed([4, 2], 2)[1]).toBeCloseTo(2 / 0.75, 12);
    expect(smoothed([1, Number.NaN, 1], 2)).toEqual([1, Number.NaN, 1]);
  });
});

describe("what should be known", () => {
  const begun = [startEvent(), heldOut(0, 3)];
  it.each<readonly [string, readonly LoggedEvent[], number, string | undefined]>([
    ["nothing, where all is well", [...begun, ...stepsTo(30), heldOut(30, 2)], 0, undefined],
    ["a loss that is no number", [...begun, ...stepsTo(3, { loss: Number.NaN })], 0, "no number"],
    [
      "a loss that grew",
      [...begun, ...stepsTo(30), heldOut(30, 3.2)],
      0,
      "higher than before training",
    ],
    ["but not at once", [...begun, ...stepsTo(10), heldOut(10, 3.2)], 0, undefined],
    [
      "what is learned by heart",
      [...begun, ...stepsTo(40), heldOut(20, 2), heldOut(40, 2.5)],
      0,
      "risen since step 20",
    ],
    [
      "memory",
      [...begun, ...stepsTo(2, { residentBytes: 2e9 })],
      0,
      "2 GB of memory, more than the 1.07 GB",
    ],
    [
      "silence",
      [...begun, ...stepsTo(2, { elapsedMs: 200 })],
      70_000,
      "Nothing was written for 1 min",
    ],
    [
      "no silence of slow steps",
      [...begun, ...stepsTo(2, { elapsedMs: 20_000 })],
      70_000,
      undefined,
    ],
  ])("is %s", (_, events, laterMs, text) => {
    const alerts = alertsOf(runOf(...events), AT + laterMs);
    expect(alerts.join("\n")).toContain(text ?? "");
    expect(alerts).toHaveLength(text === undefined ? 0 : 1);
  });
});

describe("numbers", () => {
  it.each([
    [formatNumber(0.036271), "0.03627"],
    [formatNumber(2e-5), "2.0e-5"],
    [formatNumber(undefined), "–"],
    [formatNumber(Number.NaN), "NaN"],
    [formatBytes(458e6), "458 MB"],
    [formatBytes(1.265e9), "1.27 GB"],
    [formatDuration(8400), "8 s"],
    [formatDuration(150_000), "3 min"],
    [formatDuration(5_460_000), "1 h 31 min"],
  ])("%s", (text, expected) => {
    expect(text).toBe(expected);
  });
});
