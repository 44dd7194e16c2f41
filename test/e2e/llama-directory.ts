/** A tiny base model on disk, as one has it from elsewhere: a Llama with a tokenizer that has no chat template. */

import { nodeHost } from "../../src/host/node.ts";
import { byteTokenizer } from "../../src/text/index.ts";
import { train } from "../../src/index.ts";

export async function llamaDirectory(output: string): Promise<{ readonly vocabularySize: number }> {
  const { vocabularySize } = byteTokenizer();
  const run = train({
    model: {
      model_type: "llama",
      hidden_size: 64,
      intermediate_size: 128,
      num_hidden_layers: 2,
      num_attention_heads: 4,
      max_position_embeddings: 160,
    },
    data: [{ text: "The quick brown fox jumps over the lazy dog. ".repeat(60) }],
    contextLength: 64,
    steps: 2,
    samples: 0,
    output,
  });
  await run.result();
  await nodeHost().files.remove(`${output}/checkpoint`);
  return { vocabularySize };
}
