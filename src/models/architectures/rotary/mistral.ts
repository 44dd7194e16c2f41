/**
 * @file Mistral: Jiang et al., 2023, arXiv:2310.06825.
 *
 *   x ← x + attn(norm(x))
 *   x ← x + mlp(norm(x))
 *
 * as in `rotary-block.ts`, where a token sees itself and the `sliding_window` - 1 tokens before.
 */

import type { Architecture } from "../../architecture.ts";
import { activation, size } from "../../config.ts";
import { rotaryArchitecture } from "./decoder/rotary-architecture.ts";

/** Mistral of any size. Absent fields of config.json are those of the 7 B model. */
export const mistral: Architecture = rotaryArchitecture({
  type: "mistral",
  architecture: "MistralForCausalLM",
  defaults: {
    vocab_size: 32000,
    hidden_size: 4096,
    intermediate_size: 14336,
    num_hidden_layers: 32,
    num_attention_heads: 32,
    num_key_value_heads: 8,
    max_position_embeddings: 131072,
  },
  fields: {
    hidden_act: activation.default("silu"),
    sliding_window: size.nullable().default(4096),
  },
  options: ({ hidden_act, sliding_window }) => ({
    activation: hidden_act,
    window: () => sliding_window ?? undefined,
  }),
});
