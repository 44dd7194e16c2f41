/** @file Held-out loss, and the score of held-out answers where a run is judged by it. */

import type { EvaluationEvent } from "../../runs/events.ts";
import { answerScore } from "./criterion.ts";
import type { Run } from "../setup/run.ts";

/** Held-out loss after so many steps. */
export async function evaluateRun(run: Run, step: number): Promise<EvaluationEvent> {
  const { data, engine } = run;
  const start = performance.now();
  const sums = await engine.evaluate(data.evaluation());
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

/** How many batches an evaluation has. */
export function evaluationBatches({ data }: Pick<Run, "data">): number {
  let count = 0;
  for (const _batch of data.evaluation()) count++;
  return count;
}
