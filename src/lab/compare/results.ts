/** @file What a comparison found out about a method: its runs, and what they have in common as mean and deviation. */

import type { Task } from "../../models/model.ts";
import type { TrainOptions } from "../../options/config.ts";
import { type Summary, summarize } from "./aggregate.ts";
import type { MethodSpec } from "../suites/method-spec.ts";
import type { MemoryTable } from "../../runs/events.ts";
import type { RunLog } from "../../runs/run-log.ts";
import type { Outcome } from "./run-once.ts";
import type { Trial } from "./sweep.ts";

/** The learning rate of a method, and where it comes from. */
export interface ChosenRate {
  readonly value: number;
  readonly how: "given" | "usual" | "sweep";
  /** What the sweep tried, in its order. */
  readonly trials: readonly Trial[];
  /** Rates that won short runs, and lost whole ones. */
  readonly unstable: readonly number[];
}

/** A held-out loss, and when it was reached. */
export interface EvaluationPoint {
  readonly microBatches: number;
  readonly seconds: number;
  /** Held-out loss in nats per token. */
  readonly loss: number;
}

/** How one run ended, and its numbers. */
export interface RunResult {
  readonly seed: number;
  readonly status: Outcome["status"];
  readonly message: string | undefined;
  readonly directory: string;
  readonly curve: readonly EvaluationPoint[];
  readonly loss: number | undefined;
  /** Of models that predict tokens; the others have an accuracy, 0 to 1. */
  readonly perplexity: number | undefined;
  readonly accuracy?: number | undefined;
  readonly bleu: number | undefined;
  readonly signature: string | undefined;
  readonly rouge1: number | undefined;
  readonly rouge2: number | undefined;
  readonly rougeL: number | undefined;
  readonly seconds: number | undefined;
  readonly tokensPerSecond: number | undefined;
  /** Peak of the process, in bytes. */
  readonly measuredBytes: number | undefined;
  readonly predictedBytes: number | undefined;
  /** Exact bytes of what training keeps beside the model: adapters, accumulators and optimizer state. */
  readonly stateBytes: number | undefined;
}

/** The numbers of a run that are averaged over seeds. */
export const MEASURES = [
  "loss",
  "perplexity",
  "accuracy",
  "bleu",
  "rouge1",
  "rouge2",
  "rougeL",
  "seconds",
  "tokensPerSecond",
  "measuredBytes",
  "predictedBytes",
  "stateBytes",
] as const;

/** The name of a number that runs are compared by. */
export type Measure = (typeof MEASURES)[number];

/** The runs of one method, and what they have in common. */
export interface MethodResult {
  readonly label: string;
  /** As the method was written. */
  readonly text: string;
  readonly name: string;
  readonly rank: number | undefined;
  readonly options: TrainOptions;
  readonly status: Outcome["status"];
  /** Why runs did not finish. */
  readonly message: string | undefined;
  readonly rate: ChosenRate;
  readonly parameterCount: number | undefined;
  /** The data in words. */
  readonly data: string | undefined;
  /** Over the seeds that finished. */
  readonly summaries: Readonly<Partial<Record<Measure, Summary>>>;
  readonly runs: readonly RunResult[];
}

/** The result of a method from what came of its runs. */
export function methodResult(
  method: MethodSpec,
  rate: ChosenRate,
  outcomes: readonly Outcome[],
): MethodResult {
  const { label, text, name, rank, options } = method;
  const runs = outcomes.map(runResult);
  const finished = runs.filter(({ status }) => status === "finished");
  const summaries = MEASURES.flatMap((measure) => {
    const summary = summarize(finished.map((run) => run[measure]));
    return summary === undefined ? [] : [[measure, summary] as const];
  });
  const log = outcomes.find((outcome) => outcome.log)?.log;
  const unfinished = runs.filter(({ status }) => status !== "finished");
  return {
    label,
    text,
    name,
    rank,
    options,
    status: finished.length > 0 ? "finished" : (unfinished[0]?.status ?? "interrupted"),
    message: complaint(runs, unfinished),
    rate,
    parameterCount: log?.parameterCount,
    data: log?.data,
    summaries: Object.fromEntries(summaries),
    runs,
  };
}

/** Of a single run, why; of several, how many as well. */
function complaint(runs: readonly RunResult[], unfinished: readonly RunResult[]) {
  const [first] = unfinished;
  if (!first || (first.status === "interrupted" && runs.length === 1)) return undefined;
  const reason = first.message === undefined ? "" : `: ${first.message}`;
  if (runs.length === 1 || unfinished.length === runs.length) return `${first.status}${reason}`;
  const seeds = unfinished.map(({ seed }) => seed).join(", ");
  return `${unfinished.length} of ${runs.length} seeds (${seeds}) ${first.status}${reason}`;
}

/** What is learned of whole examples, not of tokens: the exponential of its loss means nothing. */
const WITHOUT_TOKENS: ReadonlySet<string> = new Set<Task>([
  "classification",
  "embedding",
  "image-classification",
]);

/** What a log tells, in the units of a report. */
export function runResult({ run, status, message, log }: Outcome): RunResult {
  const last = log?.evaluations.at(-1);
  const { bleu, signature, rouge } = log?.translation ?? {};
  return {
    seed: run.seed,
    status,
    message,
    directory: run.directory,
    curve: log ? curveOf(log) : [],
    loss: last?.loss,
    ...(WITHOUT_TOKENS.has(log?.task ?? "")
      ? { perplexity: undefined, accuracy: last?.accuracy }
      : { perplexity: last?.perplexity }),
    bleu,
    signature,
    rouge1: rouge?.rouge1,
    rouge2: rouge?.rouge2,
    rougeL: rouge?.rougeL,
    seconds: log && log.elapsedMs / 1000,
    tokensPerSecond: log && speedOf(log),
    measuredBytes: log?.memory.measuredTotal,
    predictedBytes: log?.memory.predictedTotal,
    stateBytes: log && log.adapterBytes + bytesOf(log.memory),
  };
}

/** Rows of the memory table that a method adds to the model. */
const STATE: ReadonlySet<string> = new Set(["accumulators", "whole gradients", "optimizer state"]);

const bytesOf = ({ rows }: MemoryTable): number =>
  rows.reduce(
    (sum, { name, measured, predicted }) => sum + (STATE.has(name) ? (measured ?? predicted) : 0),
    0,
  );

function curveOf({ config, evaluations }: RunLog): readonly EvaluationPoint[] {
  const microSteps = Number(config["microSteps"] ?? 1);
  return evaluations
    .filter(({ loss }) => Number.isFinite(loss))
    .map(({ step, atMs, loss }) => ({
      microBatches: step * microSteps,
      seconds: atMs / 1000,
      loss,
    }));
}

/** Tokens by the time of the steps that trained on them. */
function speedOf({ steps }: RunLog): number | undefined {
  const timed = steps.filter(({ tokensPerSecond }) => tokensPerSecond > 0);
  const seconds = timed.reduce((sum, step) => sum + step.tokens / step.tokensPerSecond, 0);
  return seconds > 0 ? timed.reduce((sum, { tokens }) => sum + tokens, 0) / seconds : undefined;
}
