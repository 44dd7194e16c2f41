/**
 * @file A comparison: methods trained one after another under one budget, as an asynchronous generator of events.
 *
 *   for each method:  sweep of the rate, if asked for, with the first seed;  then a run for every seed
 *
 * What wins a short run may not last: where the first whole run diverges, or ends above its own short one, the next lower rate
 * is taken instead.
 *
 * A method that fails becomes a result that says so, and the others go on.
 */

import type { TrainOptions } from "../../options/config.ts";
import type { MethodSpec } from "../suites/method-spec.ts";
import { planRun, type PlannedRun, rateOf } from "./plan-runs.ts";
import { type ChosenRate, type MethodResult, methodResult } from "./results.ts";
import { type Outcome, type LaunchContext, type RunEvent, runOnce } from "./run-once.ts";
import { bestTrial, lowerRate, nextRate, ratesAround, type Trial } from "./sweep.ts";

/** How the rate of each method is chosen by short runs. */
export interface SweepPlan {
  /** Multiples of a method's rate, or rates. */
  readonly factors: readonly number[] | undefined;
  readonly rates: readonly number[] | undefined;
  /** The share of the steps that a short run takes. */
  readonly share: number;
}

/** What is compared, with which seeds and rates. */
export interface ComparisonPlan {
  readonly title: string;
  /** What is compared, in a sentence. */
  readonly summary: string;
  /** What to look at in the results. */
  readonly lookAt: readonly string[];
  /** What was left out, and why. */
  readonly notes: readonly string[];
  readonly methods: readonly MethodSpec[];
  /** Options of all runs. */
  readonly base: TrainOptions;
  readonly seeds: readonly number[];
  readonly output: string;
  readonly sweep: SweepPlan | undefined;
}

/** What a comparison tells while it runs. */
export type ComparisonEvent =
  | RunEvent
  | { readonly type: "rate"; readonly method: MethodSpec; readonly rate: ChosenRate }
  | { readonly type: "method"; readonly result: MethodResult }
  | {
      readonly type: "end";
      readonly reason: "finished" | "interrupted";
      readonly results: readonly MethodResult[];
    };

/** Trains all methods; ends early, with what there is, when the signal says so. */
export async function* compare(
  plan: ComparisonPlan,
  context: LaunchContext,
): AsyncGenerator<ComparisonEvent, void, undefined> {
  const results: MethodResult[] = [];
  for (const method of plan.methods) {
    const chosen = yield* chooseRate(plan, method, context);
    const { rate, outcomes } = yield* runSeeds(plan, method, chosen, context);
    if (outcomes.length > 0) {
      const result = methodResult(method, rate, outcomes);
      results.push(result);
      yield { type: "method", result };
    }
    if (context.signal.aborted) break;
  }
  const isWhole =
    results.length === plan.methods.length &&
    results.every(({ runs }) => runs.every(({ status }) => status !== "interrupted"));
  yield { type: "end", reason: isWhole ? "finished" : "interrupted", results };
}

interface MethodRuns {
  readonly rate: ChosenRate;
  readonly outcomes: readonly Outcome[];
}

/** A run for every seed; the first decides whether the rate lasts. */
async function* runSeeds(
  plan: ComparisonPlan,
  method: MethodSpec,
  chosen: ChosenRate,
  context: LaunchContext,
): AsyncGenerator<ComparisonEvent, MethodRuns, undefined> {
  let rate = chosen;
  const outcomes: Outcome[] = [];
  for (const seed of plan.seeds) {
    if (context.signal.aborted) break;
    let outcome = yield* runOnce(resultRun(plan, method, seed, rate), context);
    while (outcomes.length === 0 && didNotLast(outcome, rate)) {
      const lower = lowerRate(rate.trials, rate.value);
      if (lower === undefined) break;
      rate = { ...rate, value: lower, unstable: [...rate.unstable, rate.value] };
      yield { type: "rate", method, rate };
      outcome = yield* runOnce(resultRun(plan, method, seed, rate), context);
    }
    outcomes.push(outcome);
    // Options that are refused are refused whatever the seed.
    if (outcome.status === "refused") break;
  }
  return { rate, outcomes };
}

const resultRun = (
  { base, output }: ComparisonPlan,
  method: MethodSpec,
  seed: number,
  { value }: ChosenRate,
): PlannedRun => planRun(base, method, output, { seed, learningRate: value });

/** Whether a whole run came to less than the short one at its rate. */
function didNotLast(outcome: Outcome, { trials, value }: ChosenRate): boolean {
  if (outcome.status !== "finished" && outcome.status !== "diverged") return false;
  const short = trials.find(({ rate }) => rate === value);
  return short !== undefined && lossOf(outcome) > short.loss;
}

/** The rate of a method: its own, or the best of a sweep. */
async function* chooseRate(
  { base, sweep, seeds, output }: ComparisonPlan,
  method: MethodSpec,
  context: LaunchContext,
): AsyncGenerator<ComparisonEvent, ChosenRate, undefined> {
  const own = await rateOf(context.host.files, base, method);
  const [seed = 0] = seeds;
  if (!sweep || method.options["learningRate"] !== undefined) {
    return { value: own.value, how: own.how, trials: [], unstable: [] };
  }
  const initial = sweep.rates
    ? ratesAround(1, sweep.rates)
    : ratesAround(own.value, sweep.factors ?? []);
  const trials: Trial[] = [];
  for (
    let rate = nextRate(initial, trials);
    rate !== undefined && !context.signal.aborted;
    rate = nextRate(initial, trials)
  ) {
    const choice = { seed, learningRate: rate, sweepShare: sweep.share };
    const outcome = yield* runOnce(planRun(base, method, output, choice), context);
    // The run for the result will tell why.
    if (outcome.status === "refused") {
      return { value: own.value, how: own.how, trials: [], unstable: [] };
    }
    if (outcome.status !== "interrupted") trials.push({ rate, loss: lossOf(outcome) });
  }
  const value = bestTrial(trials)?.rate ?? own.value;
  const rate: ChosenRate = { value, how: "sweep", trials, unstable: [] };
  if (!context.signal.aborted) yield { type: "rate", method, rate };
  return rate;
}

const lossOf = ({ status, log }: Outcome): number =>
  status === "finished" ? (log?.evaluations.at(-1)?.loss ?? Infinity) : Infinity;
