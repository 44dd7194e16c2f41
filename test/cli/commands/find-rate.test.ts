import { expect, it } from "vitest";
import { findRate, rateReport } from "../../../src/cli/commands/find-rate.ts";
import { memoryHost } from "../../../src/host/in-memory.ts";
import { parseConfig } from "../../../src/options/config.ts";
import { sharedRuntime as runtime } from "../../support/shared-runtime.ts";
import { spelledFailure } from "../support.ts";

const screen = { width: 80, color: false } as const;
const points = [6, 5, 4, 3, 2, 2, 3, 30].map((loss, i) => ({ rate: 10 ** (i - 6), loss }));

const commandOf = (...words: readonly string[]): string | undefined =>
  rateReport(points, { program: "npx flora", words }, screen).at(-1);

it("shows the loss over rates, what it proposes, and why", () => {
  const text = rateReport(points, { program: "flora", words: ["--find-lr"] }, screen).join("\n");
  expect(text).toContain("learning rate (log)");
  // Once in the plot, once in the legend.
  expect(text.match(/■/g)).toHaveLength(2);
  expect(text).toContain("■ proposed");
  expect(text).toContain("lowest at a rate of 0.1, and blew up after it; a tenth");
  expect(text.endsWith("  flora train --learning-rate 0.01")).toBe(true);
});

it.each([
  [["--find-lr", "a b.yaml"], "'a b.yaml' --learning-rate 0.01"],
  [["--learning-rate", "3", "--findLr=true", "--rank", "4"], "--rank 4 --learning-rate 0.01"],
  [["--learningRate=3", "--find-lr", "--lora"], "--lora --learning-rate 0.01"],
])("gives the same command again: %j", (words, expected) => {
  expect(commandOf(...words)).toBe(`  npx flora train ${expected}`);
});

it("says so where the loss falls at no rate", () => {
  const flat = points.map(({ rate }) => ({ rate, loss: 3 }));
  const text = rateReport(flat, { program: "flora", words: [] }, screen).join(" ");
  expect(text).toContain("the loss fell at no rate");
  expect(text).not.toContain("■");
  expect(text).not.toContain("flora train");
});

it("is refused for a run that goes on", async () => {
  const output = { ...screen, isTerminal: false, write: () => undefined };
  const called = { program: "flora", words: [], output };
  const context = { host: memoryHost(), runtime };
  const act = () => findRate(parseConfig({ resume: true }), context, called);
  expect((await spelledFailure(act)).message).toMatch(/^--find-lr: /);
});
