/**
 * @file Gemma: Gemma Team, 2024, arXiv:2403.08295.
 *
 *   x = √C E[ids]
 *   x ← x + attn(norm(x))
 *   x ← x + mlp(norm(x))
 *
 * as in `rotary-block.ts`, where norms multiply by 1 + weight. The MLP's activation is GELU in its
 * tanh form, which the first configs call "gelu".
 */

import { z } from "zod";
import type { Architecture } from "../../architecture.ts";
import { activation, size } from "../../config.ts";
import { rotaryArchitecture } from "./decoder/rotary-architecture.ts";

/** Gemma of any size. Absent fields of config.json are those of the 7 B model. */
export const gemma: Architecture = rotaryArchitecture({
  type: "gemma",
  architecture: "GemmaForCausalLM",
  defaults: {
    vocab_size: 256000,
    hidden_size: 3072,
    intermediate_size: 24576,
    num_hidden_layers: 28,
    num_attention_heads: 16,
    num_key_value_heads: 16,
    max_position_embeddings: 8192,
    tie_word_embeddings: true,
  },
  fields: {
    head_dim: size.default(256),
    hidden_act: activation.default("gelu_pytorch_tanh"),
    attention_bias: z.boolean().default(false),
    use_bidirectional_attention: z.literal(false).nullish(),
  },
  options: ({ hidden_act: act, attention_bias: bias, hidden_size: c }) => ({
    activation: act === "gelu" ? "gelu_pytorch_tanh" : act,
    biases: { qkv: bias, attentionOutput: bias },
    offsetNorm: true,
    embeddingScale: Math.sqrt(c),
  }),
});
