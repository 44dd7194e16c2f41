import { describe, expect, it } from "vitest";
import { parseMethod } from "../../../src/lab/suites/method-spec.ts";
import { planRun } from "../../../src/lab/compare/plan-runs.ts";
import { methodResult, runResult } from "../../../src/lab/compare/results.ts";
import type { StepEvent } from "../../../src/runs/events.ts";
import type { PlacedEvaluation, RunLog } from "../../../src/runs/run-log.ts";
import type { Outcome } from "../../../src/lab/compare/run-once.ts";
import { stepEvent } from "../../cli/events.ts";

const method = parseMethod("lora:8");

const step = (tokens: number, tokensPerSecond: number): StepEvent =>
  stepEvent({ tokens, tokensPerSecond });

const evaluation = (at: Omit<PlacedEvaluation, "elapsedMs" | "tokens" | "type">) =>
  ({ type: "evaluation", tokens: 10, elapsedMs: 1, ...at }) as const;

const log: RunLog = {
  config: { microSteps: 4 },
  task: "causal",
  parameterCount: 1000,
  adapterBytes: 1000,
  totalSteps: 10,
  data: "some",
  steps: [step(100, 1000), step(300, 1000), step(100, 500)],
  evaluations: [
    evaluation({ step: 0, loss: 5, perplexity: 148, atMs: 0 }),
    evaluation({ step: 5, loss: Infinity, perplexity: Infinity, atMs: 1000 }),
    evaluation({ step: 10, loss: 2, perplexity: 7.4, atMs: 3000 }),
  ],
  translation: {
    type: "translation",
    step: 10,
    elapsedMs: 1,
    samples: [],
    bleu: 10,
    signature: "nrefs:1",
    count: 5,
    rouge: { rouge1: 3, rouge2: 2, rougeL: 1 },
  },
  end: undefined,
  elapsedMs: 4000,
  memory: {
    rows: [
      { name: "weights", predicted: 500, measured: 500 },
      { name: "accumulators", predicted: 70, measured: 60 },
      { name: "whole gradients", predicted: 300, measured: 300 },
      { name: "optimizer state", predicted: 7 },
      { name: "activations", predicted: 90_000 },
    ],
    alternatives: [],
    predictedTotal: 123,
    measuredTotal: 456,
  },
};

const outcome = (status: Outcome["status"], message?: string, seed = 0): Outcome => ({
  run: planRun({ train: "a.txt" }, method, "out", { seed, learningRate: 0.1 }),
  status,
  message,
  log,
});

it.each(["classification", "embedding", "image-classification"] as const)(
  "has the accuracy of %s, which has no perplexity",
  (task) => {
    const last = evaluation({ step: 10, loss: 2, perplexity: 7.4, accuracy: 0.75, atMs: 3000 });
    const finished = outcome("finished");
    const result = runResult({ ...finished, log: { ...log, task, evaluations: [last] } });
    expect(result).toMatchObject({ loss: 2, perplexity: undefined, accuracy: 0.75 });
  },
);

it("has the numbers of a log, in the units of a report", () => {
  expect(runResult(outcome("finished"))).toMatchObject({
    seed: 0,
    loss: 2,
    perplexity: 7.4,
    bleu: 10,
    rouge1: 3,
    rouge2: 2,
    rougeL: 1,
    seconds: 4,
    // 500 tokens in 0.1 + 0.3 + 0.2 seconds.
    tokensPerSecond: expect.closeTo(500 / 0.6, 9),
    measuredBytes: 456,
    predictedBytes: 123,
    // Adapters, measured accumulators, predicted optimizer state.
    stateBytes: 1000 + 60 + 300 + 7,
  });
});

it("counts the steps of a curve in micro-batches, without what is no number", () => {
  expect(runResult(outcome("finished")).curve).toEqual([
    { microBatches: 0, seconds: 0, loss: 5 },
    { microBatches: 40, seconds: 3, loss: 2 },
  ]);
});

describe("methodResult", () => {
  const rate = { value: 0.1, how: "given", trials: [], unstable: [] } as const;

  it.each<[Outcome[], string, string | undefined]>([
    [[outcome("finished")], "finished", undefined],
    [[outcome("diverged", "lost")], "diverged", "diverged: lost"],
    [[outcome("failed")], "failed", "failed"],
    [[outcome("interrupted")], "interrupted", undefined],
    [
      [outcome("finished"), outcome("diverged", "lost", 1), outcome("diverged", "lost", 4)],
      "finished",
      "2 of 3 seeds (1, 4) diverged: lost",
    ],
    [[outcome("diverged", "lost"), outcome("diverged", "lost", 1)], "diverged", "diverged: lost"],
  ])("says what came of its runs", (outcomes, status, message) => {
    const result = methodResult(method, rate, outcomes);
    expect(result).toMatchObject({ label: "LoRA(8)", status, parameterCount: 1000 });
    expect(result.message).toBe(message);
    const finished = outcomes.filter((each) => each.status === "finished").length;
    expect(result.summaries.loss?.count ?? 0).toBe(finished);
  });
});
