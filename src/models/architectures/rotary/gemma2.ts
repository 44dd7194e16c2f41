/**
 * @file Gemma 2: Gemma Team, 2024, arXiv:2408.00118.
 *
 *   x = √C E[ids]
 *   x ← x + norm(attn(norm(x)))
 *   x ← x + norm(mlp(norm(x)))
 *   logits = cap(norm(x) Eᵀ),   cap(z) = c tanh(z / c)
 *
 * as in `rotary-block.ts`, where norms multiply by 1 + weight, scores are q kᵀ divided by the root of
 * `query_pre_attn_scalar` and capped, and a token of every other layer sees the last
 * `sliding_window` tokens alone.
 */

import { z } from "zod";
import type { Architecture } from "../../architecture.ts";
import { activation, size } from "../../config.ts";
import { rotaryArchitecture } from "./decoder/rotary-architecture.ts";
import { layerTypes, layerWindow } from "./decoder/rotary-config.ts";

const cap = z.number().positive().nullable();

/** Gemma 2 of any size. Absent fields of config.json are those of the 2 B model. */
export const gemma2: Architecture = rotaryArchitecture({
  type: "gemma2",
  architecture: "Gemma2ForCausalLM",
  defaults: {
    vocab_size: 256000,
    hidden_size: 2304,
    intermediate_size: 9216,
    num_hidden_layers: 26,
    num_attention_heads: 8,
    num_key_value_heads: 4,
    max_position_embeddings: 8192,
    tie_word_embeddings: true,
  },
  fields: {
    head_dim: size.default(256),
    hidden_activation: activation.default("gelu_pytorch_tanh"),
    query_pre_attn_scalar: size.default(256),
    sliding_window: size.nullable().default(4096),
    layer_types: layerTypes,
    attn_logit_softcapping: cap.default(50),
    final_logit_softcapping: cap.default(30),
    attention_bias: z.boolean().default(false),
    use_bidirectional_attention: z.literal(false).nullish(),
  },
  options: (config) => ({
    activation: config.hidden_activation,
    biases: { qkv: config.attention_bias, attentionOutput: config.attention_bias },
    offsetNorm: true,
    norms: "both",
    embeddingScale: Math.sqrt(config.hidden_size),
    scoreScale: config.query_pre_attn_scalar ** -0.5,
    scoreSoftcap: config.attn_logit_softcapping ?? undefined,
    logitSoftcap: config.final_logit_softcapping ?? undefined,
    window: layerWindow(config, (layer) => layer % 2 === 0),
  }),
});
