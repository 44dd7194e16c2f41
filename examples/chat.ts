/** @file From conversations to a model that answers, in one program: training, the model from its directory, and a talk whose answers appear as they are made. */

import { cpuRuntime, createDecoder, generateText, loadModel, train } from "flora-train";
import { type ChatMessage, createChat } from "flora-train/text";

const output = "runs/chat-example";
const run = train({
  model: { n_embd: 64, n_layer: 2, n_head: 2, n_positions: 128 },
  tokenizer: "bpe:700",
  data: "examples/chats.jsonl",
  chatTemplate: "chatml",
  epochs: Number(process.argv[2] ?? 60),
  rank: 16,
  output,
  overwrite: true,
});
for await (const event of run) {
  if (event.type === "evaluation")
    console.log(`step ${event.step}  held out ${event.loss.toFixed(3)}`);
}

const runtime = cpuRuntime();
const { model, weights, tokenizer, generation } = await loadModel(runtime, { directory: output });
const decoder = createDecoder(model, runtime, weights);
const chat = createChat(tokenizer);

for (const question of ["What does an owl eat?", "How does a bear rest?"]) {
  const messages: ChatMessage[] = [{ role: "user", content: question }];
  const prompt = chat.encodePrompt(messages);
  process.stdout.write(`> ${question}\n`);
  // The directory says at which token an answer ends.
  const options = { ...generation.options, maxNewTokens: 40 };
  for await (const { text } of generateText({ model, decoder, tokenizer }, [prompt], options)) {
    process.stdout.write(text);
  }
  process.stdout.write("\n");
}
await decoder.release();
