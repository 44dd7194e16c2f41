/** @file Llama, and Mistral, which is written as one. */

import { numberField, optionalNumber } from "./parts/fields.ts";
import { PAIRED, relative } from "./parts/relative.ts";
import type { GgufArchitecture } from "./parts/architecture.ts";

export const llama: GgufArchitecture = relative({
  name: "llama",
  types: ["llama", "mistral"],
  className: "LlamaForCausalLM",
  layouts: PAIRED,
  fields: (_, tensors) => ({
    attention_bias: tensors.has("blk.0.attn_q.bias"),
    mlp_bias: tensors.has("blk.0.ffn_up.bias"),
  }),
  // No entry hides what has left the window: of contexts that it spans, all is seen.
  metadata(config) {
    const window = optionalNumber(config, "sliding_window") ?? Infinity;
    const longest = numberField(config, "max_position_embeddings");
    return { context_length: Math.min(window, longest) };
  },
});
