/** @file Held-out loss. */

import type { EvaluationEvent } from "../../runs/events.ts";
import type { Run } from "../setup/run.ts";

/** Held-out loss after so many steps. */
export async function evaluateRun({ data, engine }: Run, step: number): Promise<EvaluationEvent> {
  const start = performance.now();
  const sums = await engine.evaluate(data.evaluation());
  const loss = sums.loss / sums.tokens;
  const metrics = engine.objective.metrics?.(sums);
  return {
    type: "evaluation",
    step,
    loss,
    perplexity: Math.exp(loss),
    accuracy: sums.correct / sums.tokens,
    ...(metrics && { metrics }),
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
