/** @file Held-out loss, and the score of held-out answers where a run is judged by it. */

import type { Collective } from "../../collective/index.ts";
import type { EvaluationSums } from "../../engine/objectives/objective.ts";
import { ranksOf, renamed, sumOf } from "../ranks/ranks.ts";
import type { EvaluationEvent } from "../../runs/events.ts";
import { answerScore } from "./criterion.ts";
import type { Run } from "../setup/run.ts";

/**
 * Held-out loss after so many steps.
 *
 * @param most - batches, evenly from those that there are; all of them by default
 */
export async function evaluateRun(run: Run, step: number, most?: number): Promise<EvaluationEvent> {
  const { data, engine, context } = run;
  const start = performance.now();
  const batches = data.evaluation();
  const all = most === undefined ? batches : some(batches, evaluationBatches(run), most);
  const ranks = ranksOf(context);
  const sums = sumOverRanks(ranks, await engine.evaluate(ofRank(ranks, all)));
  const loss = sums.loss / sums.tokens;
  const metrics = { ...engine.objective.metrics?.(sums), ...(await answerScore(run)) };
  return {
    type: "evaluation",
    step,
    loss,
    perplexity: Math.exp(loss),
    accuracy: sums.correct / sums.tokens,
    ...(Object.keys(metrics).length > 0 && { metrics }),
    tokens: sums.tokens,
    elapsedMs: performance.now() - start,
  };
}

/** Every so many of the batches. */
function* ofRank<T>({ rank, size }: Collective, batches: Iterable<T>): Generator<T> {
  let i = 0;
  for (const batch of batches) {
    if (i % size === rank) yield batch;
    i += 1;
  }
}

function sumOverRanks(ranks: Collective, own: EvaluationSums): EvaluationSums {
  const { loss, correct, tokens, told } = own;
  const all = sumOf(ranks.gather([loss, correct, tokens, ...Object.values(told ?? {})]));
  const [lossSum = 0, correctSum = 0, tokenSum = 0, ...sums] = all;
  return {
    loss: lossSum,
    correct: correctSum,
    tokens: tokenSum,
    ...(told && { told: renamed(told, sums) }),
  };
}

/** So many of the batches that there are, from the middles of as many equal parts: they are sorted by their length. One is in memory at a time. */
export function* some<T>(batches: Iterable<T>, count: number, wanted: number): Generator<T> {
  const partAt = (i: number) => Math.floor((i * wanted) / count + 1 / 2);
  let i = 0;
  for (const batch of batches) {
    if (partAt(i) !== partAt(i - 1)) yield batch;
    i += 1;
  }
}

/** How many batches an evaluation may have. */
export function evaluationBatches({ data }: Pick<Run, "data">): number {
  let count = 0;
  for (const _batch of data.evaluation()) count++;
  return count;
}
