/** @file Trains a small model on the built-in grammar for a few steps, and prints what it does. */

import { parseConfig, train } from "flora-train";

const config = parseConfig({
  steps: Number(process.argv[2] ?? 20),
  batchSize: 16,
  rank: 16,
  model: { n_embd: 64, n_layer: 2, n_head: 2, n_positions: 192 },
  translations: 0,
  output: "runs/example",
  overwrite: true,
});

for await (const event of train(config)) {
  if (event.type === "step") console.log(`step ${event.step}  loss ${event.loss.toFixed(3)}`);
  if (event.type === "saved") console.log(`saved ${event.path}`);
}
