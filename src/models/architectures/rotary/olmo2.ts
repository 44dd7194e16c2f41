/**
 * @file OLMo 2: Team OLMo, "2 OLMo 2 Furious", 2025, arXiv:2501.00656.
 *
 *   x ← x + norm(attn(x))
 *   x ← x + norm(mlp(x))
 *
 * as in `rotary-block.ts`, where queries and keys are normalised over all heads before they are turned.
 */

import { z } from "zod";
import type { Architecture } from "../../architecture.ts";
import { activation } from "../../config.ts";
import { rotaryArchitecture } from "./decoder/rotary-architecture.ts";

/** OLMo 2 of any size. Absent fields of config.json are those of transformers. */
export const olmo2: Architecture = rotaryArchitecture({
  type: "olmo2",
  architecture: "Olmo2ForCausalLM",
  defaults: {
    vocab_size: 50304,
    hidden_size: 4096,
    intermediate_size: 11008,
    num_hidden_layers: 32,
    num_attention_heads: 32,
    max_position_embeddings: 2048,
    rms_norm_eps: 1e-5,
  },
  fields: {
    hidden_act: activation.default("silu"),
    attention_bias: z.boolean().default(false),
  },
  options: ({ hidden_act, attention_bias: bias }) => ({
    activation: hidden_act,
    biases: { qkv: bias, attentionOutput: bias },
    norms: "after",
    queryKeyNorm: "all heads",
  }),
});
