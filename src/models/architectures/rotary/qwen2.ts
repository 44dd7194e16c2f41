/**
 * @file Qwen 2 and 2.5: Yang et al., 2024, arXiv:2407.10671 and arXiv:2412.15115.
 *
 *   x ← x + attn(norm(x))
 *   x ← x + mlp(norm(x))
 *
 * as in `rotary-block.ts`, with biases of queries, keys and values. With `use_sliding_window` a
 * token of the layers from `max_window_layers` on sees the last `sliding_window` tokens alone.
 */

import type { Architecture } from "../../architecture.ts";
import { activation } from "../../config.ts";
import { rotaryArchitecture } from "./decoder/rotary-architecture.ts";
import { slidingFields, slidingWindow } from "./decoder/rotary-config.ts";

/** Qwen 2 of any size. Absent fields of config.json are those of the 7 B model. */
export const qwen2: Architecture = rotaryArchitecture({
  type: "qwen2",
  architecture: "Qwen2ForCausalLM",
  defaults: {
    vocab_size: 151936,
    hidden_size: 4096,
    intermediate_size: 22016,
    num_hidden_layers: 32,
    num_attention_heads: 32,
    num_key_value_heads: 32,
    max_position_embeddings: 32768,
  },
  fields: {
    hidden_act: activation.default("silu"),
    ...slidingFields,
  },
  options: (config) => ({
    activation: config.hidden_act,
    biases: { qkv: true },
    window: slidingWindow(config),
  }),
});
