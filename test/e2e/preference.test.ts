/** Preferences from files to a model that prefers: losses, methods, resuming, and what is refused. */

import { readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { TrainOptions } from "../../src/options/config.ts";
import type { TrainEvent } from "../../src/runs/events.ts";
import { folder, largestDifference, runTiny, weightsOf } from "./support.ts";

const words = ["red", "green", "blue", "black", "white", "pink", "grey", "brown"];
const rows = words.flatMap((word, i) =>
  words.slice(0, 4).map((other) => ({
    prompt: `say ${word} ${other}`,
    chosen: `${word} and ${other}${i % 2 === 0 ? ", please" : ""}`,
    rejected: `${other}, no`,
  })),
);
const asMessages = rows.map(({ prompt, chosen, rejected }) => {
  const beginning = [{ role: "user", content: prompt }];
  const answered = (content: string) => [...beginning, { role: "assistant", content }];
  return { chosen: answered(chosen), rejected: answered(rejected), score: 1 };
});

function file(name: string, all: readonly object[]): string {
  const path = join(folder, name);
  writeFileSync(path, all.map((row) => JSON.stringify(row)).join("\n"));
  return path;
}
const train = file("preferences.jsonl", rows);
const messages = file("preference-messages.jsonl", asMessages);

const options: TrainOptions = {
  task: "preference",
  train,
  batchSize: 4,
  method: "dense",
  optimizer: "adam",
  learningRate: 0.002,
  steps: 6,
};

const rewards = (events: readonly TrainEvent[], type: "evaluation" | "step") =>
  events.flatMap((event) => (event.type === type ? [event.metrics ?? {}] : []));

describe.each<TrainOptions>([
  { preferenceLoss: "dpo" },
  { preferenceLoss: "dpo", labelSmoothing: 0.1, method: "flora", optimizer: "adafactor" },
  { preferenceLoss: "ipo", microSteps: 2, recompute: "none" },
  { preferenceLoss: "orpo", preferenceBeta: 0.5, method: "flora", microSteps: 2 },
  { preferenceLoss: "dpo", method: "lora", learningRate: 0.02 },
])("with %j", (own) => {
  it("the chosen answers are preferred more and more, and resuming gives the same bits", async () => {
    const all = { ...options, ...own };
    const whole = await runTiny(all);
    const [before, ...later] = rewards(whole.events, "evaluation");
    const isCompared = own.preferenceLoss !== "orpo";
    // The model itself is the reference.
    if (isCompared) expect(before?.["rewards/margins"]).toBeCloseTo(0, 5);
    expect(later.at(-1)?.["rewards/margins"]).toBeGreaterThan(
      (before?.["rewards/margins"] ?? NaN) + 1e-4,
    );
    expect(rewards(whole.events, "step").at(-1)).toHaveProperty(["rewards/accuracies"]);
    const end = whole.events.find(({ type }) => type === "end");
    for (const row of end?.type === "end" ? end.memory.rows : []) {
      // The loss of each micro-batch has a number of its own.
      const difference = Math.abs((row.measured ?? row.predicted) - row.predicted);
      expect(difference, row.name).toBeLessThan(64);
    }

    const first = await runTiny(all, (event) => event.type === "step" && event.step === 3);
    const names = readdirSync(join(first.output, "checkpoint"));
    expect(names.includes("reference.safetensors")).toBe(isCompared);
    const second = await runTiny({ ...all, output: first.output, resume: true });
    const [a, b] = [await weightsOf(whole.output), await weightsOf(second.output)];
    expect(largestDifference(a, b)).toBe(0);
    expect(rewards(second.events, "step")).toEqual(rewards(whole.events, "step").slice(3));
    expect(rewards(second.events, "evaluation").at(-1)).toEqual(later.at(-1));
  });
});

it("learns from lists of messages as from the prompt beside them", async () => {
  const chat = { ...options, chatTemplate: "plain" };
  const beside = rows.map(({ prompt, chosen, rejected }) => ({
    prompt,
    chosen: [{ role: "assistant", content: chosen }],
    rejected: [{ role: "assistant", content: rejected }],
    score: 1,
  }));
  const runs = [
    await runTiny({ ...chat, train: messages }),
    await runTiny({ ...chat, train: file("beside.jsonl", beside) }),
  ];
  expect(runs[0]?.losses).toEqual(runs[1]?.losses);
  expect(runs[0]?.losses[0]).toBeCloseTo(Math.log(2), 5);
});

it("goes on within a step with the rewards of what it has seen", async () => {
  const all = { ...options, microSteps: 3, steps: 2 };
  const whole = await runTiny(all);
  const first = await runTiny(all, ({ type }) => type === "micro-step");
  const second = await runTiny({ ...all, output: first.output, resume: true });
  expect(rewards(second.events, "step")).toEqual(rewards(whole.events, "step"));
});

describe("refuses in a sentence", () => {
  it.each<readonly [TrainOptions, string]>([
    [{ preferenceLoss: "ipo", labelSmoothing: 0.1 }, "labelSmoothing: ipo has none; got 0.1"],
    [{ labelSmoothing: 0.5 }, "labelSmoothing: of dpo is below 0.5; got 0.5"],
    [{ task: "pairs", preferenceBeta: 0.2 }, 'preferenceBeta: needs task: "preference"; got 0.2'],
    [{ stream: 8 }, "stream: preferences are all in memory"],
    [{ model: {} }, "model: preferences need a model that answers already; got none"],
    [{ learn: "all" }, "learn: of preferences the assistant's answers are compared; got all"],
    [{ train: file("pairs.jsonl", [{ prompt: "a", completion: "b" }]) }, 'no column "chosen"'],
    [
      { train: file("bare.jsonl", [{ chosen: "a", rejected: "b" }]) },
      'answers that are texts need "prompt" beside them',
    ],
    [
      { train: [train, messages], chatTemplate: "alpaca" },
      "preferences are all texts or all messages; got 32 of 64 with messages",
    ],
    [
      {
        train: file("alone.jsonl", [
          { chosen: [{ role: "assistant", content: "a" }], rejected: [] },
        ]),
      },
      'needs "prompt", or messages that both answers begin with',
    ],
  ])("%j", async (own, message) => {
    await expect(runTiny({ ...options, ...own })).rejects.toThrow(message);
  });

  it("other answers than the reference model was asked about", async () => {
    const [some, others] = [rows.slice(0, 4), rows.slice(4, 8)];
    const begun = { ...options, validation: file("some.jsonl", some) };
    const { output } = await runTiny(begun, ({ type }) => type === "step");
    const resumed = { ...begun, output, resume: true, validation: file("others.jsonl", others) };
    await expect(runTiny(resumed)).rejects.toThrow(
      "validation: the reference model was asked about other answers",
    );
  });

  it("to go on without what the reference model said", async () => {
    const { output } = await runTiny(options, ({ type }) => type === "step");
    rmSync(join(output, "checkpoint", "reference.safetensors"));
    await expect(runTiny({ ...options, output, resume: true })).rejects.toThrow(
      "resume: needs what the reference model said",
    );
  });
});
