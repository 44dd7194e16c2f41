/**
 * @file Llama: Touvron et al., 2023, arXiv:2302.13971 and arXiv:2307.09288; Grattafiori et al.,
 * 2024, arXiv:2407.21783. TinyLlama and SmolLM are Llamas too.
 *
 *   x ← x + attn(norm(x))
 *   x ← x + mlp(norm(x))
 *
 * as in `rotary-block.ts`, with nothing besides; some have biases.
 */

import { z } from "zod";
import type { Architecture } from "../../architecture.ts";
import { activation } from "../../config.ts";
import { rotaryArchitecture } from "./decoder/rotary-architecture.ts";

/** Llama of any size. Absent fields of config.json are those of the 7 B model. */
export const llama: Architecture = rotaryArchitecture({
  type: "llama",
  architecture: "LlamaForCausalLM",
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
  },
  options: ({ hidden_act, attention_bias: attention, mlp_bias: mlp }) => ({
    activation: hidden_act,
    biases: { qkv: attention, attentionOutput: attention, mlp },
  }),
});
