/**
 * @file A model trained from scratch, then a LoRA adapter on it, saved as peft saves it; both answer the same prompt.
 */

import { parseConfig, train } from "flora-train";
import { complete, createDecoder, loadModel } from "flora-train/generate";
import { cpuRuntime } from "flora-train/runtime/node";

const steps = Number(process.argv[2] ?? 200);
const shared = { batchSize: 16, steps, translations: 0, overwrite: true };
const base = parseConfig({
  ...shared,
  model: { n_embd: 64, n_layer: 2, n_head: 2, n_positions: 192 },
  output: "runs/adapter-example/base",
});
const adapter = parseConfig({
  ...shared,
  model: base.output,
  method: "lora",
  rank: 4,
  optimizer: "adam",
  learningRate: 0.005,
  prefix: "Translate: ", // new to the base
  output: "runs/adapter-example/adapter",
});

for (const config of [base, adapter]) {
  for await (const event of train(config)) {
    if (event.type === "evaluation") {
      console.log(`${config.method} step ${event.step}  held-out loss ${event.loss.toFixed(3)}`);
    }
  }
}

const runtime = cpuRuntime();
for (const options of [{ directory: base.output }, { adapter: adapter.output }]) {
  const { model, adapters, weights, tokenizer } = await loadModel(runtime, options);
  const decoder = createDecoder(model, runtime, weights);
  const prompt = tokenizer.encodePrompt("Translate: Der Hund schläft.\n");
  const [answer = new Int32Array()] = await complete(decoder, [prompt], { maxNewTokens: 20 });
  console.log(`${adapters.length} adapters: ${JSON.stringify(tokenizer.decode(answer))}`);
  await decoder.release();
}
