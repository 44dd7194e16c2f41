/**
 * @file Granite 3: Granite Team, IBM, "Granite 3.0 Language Models", 2024.
 *
 *   x = s E[ids]
 *   x ← x + r attn(norm(x))
 *   x ← x + r mlp(norm(x))
 *   logits = norm(x) Eᵀ / l
 *
 * as in `rotary-block.ts`, where scores are a q kᵀ. s embedding_multiplier, r residual_multiplier, a attention_multiplier,
 * l logits_scaling.
 */

import { z } from "zod";
import type { Architecture } from "../../architecture.ts";
import { activation } from "../../config.ts";
import { rotaryArchitecture } from "./decoder/rotary-architecture.ts";

const factor = z.number().positive().default(1);

/** Granite of any size, without mixtures of experts. Absent fields of config.json are those of transformers. */
export const granite: Architecture = rotaryArchitecture({
  type: "granite",
  architecture: "GraniteForCausalLM",
  defaults: {
    vocab_size: 32000,
    hidden_size: 4096,
    intermediate_size: 11008,
    num_hidden_layers: 32,
    num_attention_heads: 32,
    max_position_embeddings: 2048,
  },
  fields: {
    hidden_act: activation.default("silu"),
    attention_bias: z.boolean().default(false),
    mlp_bias: z.boolean().default(false),
    embedding_multiplier: factor,
    residual_multiplier: factor,
    attention_multiplier: factor,
    logits_scaling: factor,
  },
  options: ({ attention_bias: attention, ...config }) => ({
    activation: config.hidden_act,
    biases: { qkv: attention, attentionOutput: attention, mlp: config.mlp_bias },
    embeddingScale: config.embedding_multiplier,
    residualScale: config.residual_multiplier,
    scoreScale: config.attention_multiplier,
    logitScale: 1 / config.logits_scaling,
  }),
});
