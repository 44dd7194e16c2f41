/**
 * @file A metric of one's own, by which the best model is chosen: how many digits of a sum are right. Held-out questions are answered for it
 * at every evaluation, and more is better.
 */

import { train } from "flora-train";
import type { Metric } from "flora-train/train";

/** The mean share of digits that stand where they should, from 0 to 1. */
const digits: Metric = (answers, references) => {
  const shares = references.map((reference, i) => {
    const answer = answers[i]?.trim() ?? "";
    return (
      Array.from(reference).filter((digit, at) => digit === answer[at]).length / reference.length
    );
  });
  return shares.reduce((sum, share) => sum + share, 0) / shares.length;
};

const steps = Number(process.argv[2] ?? 200);
const run = train({
  model: { n_embd: 64, n_layer: 2, n_head: 2, n_positions: 64 },
  data: Array.from({ length: 400 }, (_, i) => ({
    source: `${i % 20} + ${i % 7} =`,
    target: `${(i % 20) + (i % 7)}`,
  })),
  holdout: 0.05,
  steps,
  evaluateEvery: Math.ceil(steps / 4),
  batchSize: 16,
  rank: 16,
  metrics: { digits },
  criterion: "digits",
  translations: 20,
  output: "runs/digits",
  overwrite: true,
});

const scores = new Map<number, number>();
for await (const event of run) {
  if (event.type === "evaluation") {
    const score = event.metrics?.["digits"] ?? Number.NaN;
    if (event.step > 0) scores.set(event.step, score);
    console.log(`step ${event.step}  loss ${event.loss.toFixed(3)}  digits ${score.toFixed(2)}`);
  }
  if (event.type === "end") {
    console.log(`the model of step ${event.keptStep} is kept`);
    const best = Math.max(...scores.values());
    if (scores.get(event.keptStep ?? 0) !== best) throw new Error("it is not the best one");
  }
}
