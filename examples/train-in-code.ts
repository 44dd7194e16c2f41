/** @file Trains a small model on rows in memory for a few steps, prints what it does, and lets it write; with a metric of one's own. */

import { train } from "flora-train";

/** Any rows will do, from wherever they come. */
function* rows() {
  for (let i = 0; i < 400; i += 1)
    yield { source: `${i % 20} + ${i % 7} =`, target: `${(i % 20) + (i % 7)}` };
}

/** The share of answers that are right. */
const exact = (answers: readonly string[], references: readonly string[]) =>
  answers.filter((answer, i) => answer.trim() === references[i]).length / answers.length;

const run = train({
  model: { n_embd: 64, n_layer: 2, n_head: 2, n_positions: 64 },
  data: rows,
  steps: Number(process.argv[2] ?? 20),
  batchSize: 16,
  rank: 16,
  metrics: { exact },
  translations: 10,
});

for await (const event of run) {
  if (event.type === "step") console.log(`step ${event.step}  loss ${event.loss.toFixed(3)}`);
  if (event.type === "translation") console.log(`exact answers ${event.metrics?.["exact"]}`);
}
const result = await run.result();
console.log(`held out  perplexity ${result.evaluation?.perplexity.toFixed(1)}`);
console.log(`1 + 1 = ${await result.generate("1 + 1 =\n", { maxNewTokens: 4 })}`);
await result.save("runs/example");
