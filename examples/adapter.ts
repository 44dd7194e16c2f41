/**
 * @file A model trained from scratch, then a LoRA adapter on it, saved as peft saves it; both answer the same prompt.
 */

import { train } from "flora-train";

const steps = Number(process.argv[2] ?? 200);
const shared = { batchSize: 16, steps, translations: 0, overwrite: true };
const folder = "runs/adapter-example";

const base = train({
  ...shared,
  model: { n_embd: 64, n_layer: 2, n_head: 2, n_positions: 192 },
  output: `${folder}/base`,
});
const trained = await base.result();
console.log(`base     held-out loss ${trained.evaluation?.loss.toFixed(3)}`);

const adapter = train({
  ...shared,
  model: `${folder}/base`,
  method: "lora",
  rank: 4,
  optimizer: "adam",
  learningRate: 0.005,
  prefix: "Translate: ", // new to the base
  output: `${folder}/adapter`,
});
const adapted = await adapter.result();
console.log(`adapter  held-out loss ${adapted.evaluation?.loss.toFixed(3)}`);

for (const { generate } of [trained, adapted]) {
  const answer = await generate("Translate: Der Hund schläft.\n", { maxNewTokens: 20 });
  console.log(JSON.stringify(answer));
}
