import { describe, expect, it } from "vitest";
import {
  createProgress,
  formatLoss,
  type Output,
  progressBar,
  statusBar,
  statusText,
} from "../../../src/cli/terminal/progress.ts";
import { stepEvent } from "../events.ts";

const CLEAR = "\r\u001B[K";

function recorder(isTerminal: boolean, width = 120) {
  const written: string[] = [];
  const output: Output = {
    write: (text) => void written.push(text),
    isTerminal,
    width,
    color: false,
  };
  return { written, output };
}

it("writes the status as a line", () => {
  expect(statusText(stepEvent())).toBe(
    "step 120/400  loss 1.234  lr 5.0e-3  12.3 k tokens/s  85 GFLOP/s  ETA 1 min 20 s  412.0 MB",
  );
});

it.each([
  [
    120,
    "███████▎░░░░░░░░░░░░░░░░  step 120/400  loss 1.234  lr 5.0e-3  12.3 k tokens/s  85 GFLOP/s  ETA 1 min 20 s  412.0 MB",
  ],
  [80, "██▍░░░░░  120/400 loss 1.234 lr 5.0e-3 12.3 k tok/s 85 GFLOP/s ETA 1:20 412.0 MB"],
  [70, "120/400 loss 1.234 lr 5.0e-3 12.3 k tok/s 85 GFLOP/s ETA 1:20 412.0 MB"],
  [60, "120/400 loss 1.234 12.3 k tok/s 85 GFLOP/s ETA 1:20 412.0 MB"],
  [30, "120/400 loss 1.234 ETA 1:20"],
  [12, "120/400 los…"],
])("fits the status into %d characters", (width, expected) => {
  const text = statusBar(stepEvent(), 0.3, width);
  expect(text.length).toBeLessThanOrEqual(width);
  expect(text).toBe(expected);
});

it.each([
  [0, "░░░░"],
  [1 / 32, "▏░░░"],
  [0.5, "██░░"],
  [0.53125, "██▏░"],
  [0.9, "███▋"],
  [1, "████"],
  [2, "████"],
])("draws a bar for %d", (fraction, bar) => {
  expect(progressBar(fraction, 4)).toBe(bar);
});

it("writes losses with three digits that matter", () => {
  expect([5.5469, 0.0012345, 0, Number.NaN].map(formatLoss)).toEqual([
    "5.547",
    "1.23e-3",
    "0.000",
    "NaN",
  ]);
});

describe("without a terminal", () => {
  it("writes the first and the last step, and one for every 2 % of the run", () => {
    const { written, output } = recorder(false);
    const progress = createProgress(output, { microSteps: 1, now: () => 0 });
    for (let step = 1; step <= 400; step++) progress.step(stepEvent({ step }));
    const steps = written.map((text) => Number(/^step (\d+)/.exec(text)?.[1]));
    expect(steps.slice(0, 3)).toEqual([1, 9, 17]);
    expect(steps.at(-1)).toBe(400);
    expect(steps).toHaveLength(51);
  });

  it("writes a line after ten seconds, and lines that are printed as they are", () => {
    const { written, output } = recorder(false);
    const clock = { ms: 0 };
    const progress = createProgress(output, { microSteps: 1, now: () => clock.ms });
    progress.step(stepEvent({ step: 1 }));
    clock.ms = 9_999;
    progress.step(stepEvent({ step: 2 }));
    expect(written).toHaveLength(1);
    clock.ms = 10_000;
    progress.step(stepEvent({ step: 3 }));
    progress.print(["a", "b"]);
    progress.end();
    expect(written.slice(1)).toEqual([`${statusText(stepEvent({ step: 3 }))}\n`, "a\nb\n"]);
  });
});

describe("in a terminal", () => {
  it("rewrites one line, clears it for others and at the end", () => {
    const { written, output } = recorder(true);
    const clock = { ms: 0 };
    const progress = createProgress(output, { microSteps: 2, now: () => clock.ms });
    const status = statusBar(stepEvent(), 0.3, 119);
    progress.print(["before"]);
    progress.step(stepEvent());
    progress.step(stepEvent({ step: 121 }));
    progress.print(["a"]);
    progress.end();
    progress.print(["after"]);
    expect(written).toEqual(["before\n", CLEAR + status, `${CLEAR}a\n${status}`, CLEAR, "after\n"]);
  });

  it("moves the bar within a step", () => {
    const { written, output } = recorder(true);
    const clock = { ms: 0 };
    const progress = createProgress(output, { microSteps: 4, now: () => clock.ms });
    progress.microStep({ type: "micro-step", step: 0, microStep: 1 });
    expect(written).toEqual([]);
    progress.step(stepEvent({ step: 1, totalSteps: 2 }));
    clock.ms = 100;
    progress.microStep({ type: "micro-step", step: 1, microStep: 2 });
    expect(written[1]).toBe(CLEAR + statusBar(stepEvent({ step: 1, totalSteps: 2 }), 0.75, 119));
  });
});
