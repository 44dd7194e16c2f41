/**
 * @file Qwen 3: Yang et al., 2025, arXiv:2505.09388.
 *
 *   x ← x + attn(norm(x))
 *   x ← x + mlp(norm(x))
 *
 * as in `rotary-block.ts`, where each head of queries and of keys is normalised before it is
 * turned. Windows are those of Qwen 2.
 */

import { z } from "zod";
import type { Architecture } from "../../architecture.ts";
import { activation, size } from "../../config.ts";
import { rotaryArchitecture } from "./decoder/rotary-architecture.ts";
import { slidingFields, slidingWindow } from "./decoder/rotary-config.ts";

/** Qwen 3 of any size, without mixtures of experts. Absent fields of config.json are those of the 8 B model. */
export const qwen3: Architecture = rotaryArchitecture({
  type: "qwen3",
  architecture: "Qwen3ForCausalLM",
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
    head_dim: size.default(128),
    hidden_act: activation.default("silu"),
    ...slidingFields,
    attention_bias: z.boolean().default(false),
  },
  options: (config) => ({
    activation: config.hidden_act,
    biases: { qkv: config.attention_bias, attentionOutput: config.attention_bias },
    queryKeyNorm: "each head",
    window: slidingWindow(config),
  }),
});
