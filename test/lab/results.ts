/** Results of a comparison that did not take place. */

import type { Summary } from "../../src/lab/compare/aggregate.ts";
import { parseMethod } from "../../src/lab/suites/method-spec.ts";
import type { Measure, MethodResult, RunResult } from "../../src/lab/compare/results.ts";

const one = (mean: number): Summary => ({ mean, deviation: undefined, count: 1 });

export const runResult = (changes: Partial<RunResult> = {}): RunResult => ({
  seed: 0,
  status: "finished",
  message: undefined,
  directory: "out/runs/a-s0",
  curve: [
    { microBatches: 0, seconds: 0, loss: 5 },
    { microBatches: 80, seconds: 10, loss: 2 },
  ],
  loss: 2,
  perplexity: Math.exp(2),
  bleu: 20,
  signature: "nrefs:1",
  rouge1: undefined,
  rouge2: undefined,
  rougeL: undefined,
  seconds: 12.5,
  tokensPerSecond: 1000,
  measuredBytes: 300e6,
  predictedBytes: 310e6,
  stateBytes: 50e6,
  ...changes,
});

/** A method that finished with these numbers. */
export function finished(
  text: string,
  numbers: Partial<Record<Measure, number | Summary>>,
  changes: Partial<MethodResult> = {},
): MethodResult {
  const { label, name, rank, options } = parseMethod(text);
  const summaries = Object.entries(numbers).map(([measure, value]) => [
    measure,
    typeof value === "number" ? one(value) : value,
  ]);
  return {
    label,
    text,
    name,
    rank,
    options,
    status: "finished",
    message: undefined,
    rate: { value: 0.02, how: "usual", trials: [], unstable: [] },
    parameterCount: 1_234_567,
    data: "100 pairs, 10 held out",
    summaries: Object.fromEntries(summaries),
    runs: [runResult()],
    ...changes,
  };
}

export const refused = (text: string): MethodResult =>
  finished(
    text,
    {},
    {
      status: "refused",
      message: "refused: resampleEvery: the momentum would grow without bound",
      parameterCount: undefined,
      runs: [runResult({ status: "refused", curve: [], loss: undefined })],
    },
  );
