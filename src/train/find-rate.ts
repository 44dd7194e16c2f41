/**
 * @file The range test of learning rates: Smith, "Cyclical Learning Rates for Training Neural Networks", WACV 2017, arXiv:1506.01186,
 * section 3.3, with rates that grow exponentially. The run's own model, data, method and optimizer take steps at
 *
 *   η(i) = s 10^(-6 (1 - i / 99))     i = 0 ... 99, s = max(1, 100 times the usual rate)
 *
 * until the loss has blown up. It is smoothed, l ← (0.7 l + 0.3 loss), corrected for its start, and
 *
 *   blown up    l is not a number, or above the first and 1.5 times the lowest
 *   proposed    a tenth of the rate at which l was lowest: where it falls no more, a step is as long as it may be for once, and a run has
 *               many to take
 *
 * The schedule knows neither the time nor the machine: the same seed proposes the same.
 */

import { releaseState } from "../engine/parts/state.ts";
import { usualLearningRate } from "../optim/registry.ts";
import type { TrainConfig } from "../options/config.ts";
import { trainedBy } from "./choices/settle.ts";
import { promiseMemory, promiseWeights } from "./memory/promise.ts";
import type { RunInputs } from "./setup/inputs.ts";
import { gather, openRun } from "./setup/prepare.ts";
import type { RunContext } from "./setup/run.ts";
import { openTrainer } from "./trainer.ts";

/** A step of the test. */
export interface RatePoint {
  readonly rate: number;
  /** Mean loss per token of the step's own batch, in nats, before the step. */
  readonly loss: number;
}

/** What a test says. */
export interface RateProposal {
  /** The loss over rates, smoothed. */
  readonly smoothed: readonly RatePoint[];
  /** Where it was lowest. */
  readonly lowest: RatePoint;
  readonly isBlownUp: boolean;
  /** The rate to train with, in two digits; undefined if the loss fell at no rate. */
  readonly rate: number | undefined;
}

/** Steps of a test whose loss does not blow up. */
export const RANGE_STEPS = 100;
const DECADES = 6;
const DECAY = 0.7;
const RISE = 1.5;
/** What the loss has to fall by at least, as a share of it. */
const LEAST_FALL = 0.01;

/** The rates of a test, from the lowest on. */
export function ratesOf(config: Pick<TrainConfig, "method" | "model" | "optimizer">): number[] {
  const usual = usualLearningRate(config.optimizer, trainedBy(config));
  const highest = Math.max(1, 100 * usual);
  return Array.from(
    { length: RANGE_STEPS },
    (_, i) => highest * 10 ** (-DECADES * (1 - i / (RANGE_STEPS - 1))),
  );
}

/**
 * Takes the steps of a test, and tells each. Nothing is written.
 *
 * @throws {UsageError | FormatError} as the run would.
 */
export async function* testRates(
  config: TrainConfig,
  context: RunContext,
): AsyncGenerator<RatePoint, void, undefined> {
  const rates = ratesOf(config);
  const tested: TrainConfig = {
    ...config,
    learningRate: 1,
    warmupSteps: 0,
    steps: RANGE_STEPS,
    // A merge would change the loss too.
    mergeEvery: RANGE_STEPS + 1,
    skipSpikes: 0,
    resume: false,
  };
  const inputs: RunInputs = { schedule: (step) => rates[step] ?? 0 };
  await promiseWeights(tested, context, inputs);
  const parts = await gather(tested, context, inputs);
  await promiseMemory(parts);
  const run = await openRun(parts);
  try {
    const trainer = await openTrainer(run);
    const points: RatePoint[] = [];
    for (const rate of rates) {
      while (!trainer.isStepFull()) await trainer.microStep();
      const { loss } = await trainer.update();
      const point = { rate, loss };
      points.push(point);
      yield point;
      if (isBlownUp(smooth(points))) return;
    }
  } finally {
    const { training } = run.data;
    if (training.batchesPerEpoch === undefined) await training.release();
    await run.engine.release();
    releaseState(run.engine.state);
    run.disk?.close();
  }
}

/** What to train with, after the steps of a test, of which there is at least one. */
export function proposeRate(points: readonly RatePoint[]): RateProposal {
  const smoothed = smooth(points);
  const [first] = smoothed;
  if (!first) throw new Error("internal: a test of rates took no step");
  const lowest = smoothed.reduce((best, point) => (point.loss < best.loss ? point : best), first);
  const hasFallen = lowest.loss < first.loss * (1 - LEAST_FALL);
  return {
    smoothed,
    lowest,
    isBlownUp: isBlownUp(smoothed),
    rate: hasFallen ? Number((lowest.rate / 10).toPrecision(2)) : undefined,
  };
}

function smooth(points: readonly RatePoint[]): RatePoint[] {
  let sum = 0;
  let weight = 0;
  return points.map(({ rate, loss }) => {
    sum = DECAY * sum + (1 - DECAY) * loss;
    weight = DECAY * weight + (1 - DECAY);
    return { rate, loss: sum / weight };
  });
}

function isBlownUp(smoothed: readonly RatePoint[]): boolean {
  const losses = smoothed.map(({ loss }) => loss);
  const [first = 0] = losses;
  const last = losses.at(-1) ?? 0;
  // Also where it is not a number.
  return !(last <= Math.max(first, RISE * Math.min(...losses)));
}
