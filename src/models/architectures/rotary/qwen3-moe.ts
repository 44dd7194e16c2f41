/**
 * @file Qwen 3 with mixtures of experts: Yang et al., 2025, arXiv:2505.09388.
 *
 *   x ← x + attn(norm(x))
 *   x ← x + mlp(norm(x))
 *
 * as in `rotary-block.ts`, where each head of queries and of keys is normalised before it is turned, and the MLPs of most layers are
 * experts (`feed-forward.ts`). The matrices of each expert are parameters of their own, as in the checkpoint. The loss that spreads
 * tokens over experts is off in transformers unless a config asks for it, and is not computed here.
 */

import { z } from "zod";
import type { Architecture } from "../../architecture.ts";
import { activation, size } from "../../config.ts";
import { rotaryArchitecture } from "./decoder/rotary-architecture.ts";

/** Qwen 3 with experts, of any size. Absent fields of config.json are those of transformers. */
export const qwen3Moe: Architecture = rotaryArchitecture({
  type: "qwen3_moe",
  architecture: "Qwen3MoeForCausalLM",
  defaults: {
    vocab_size: 151936,
    hidden_size: 2048,
    intermediate_size: 6144,
    num_hidden_layers: 24,
    num_attention_heads: 32,
    num_key_value_heads: 4,
    max_position_embeddings: 32768,
  },
  fields: {
    hidden_act: activation.default("silu"),
    attention_bias: z.boolean().default(false),
    use_sliding_window: z.boolean().default(false),
    sliding_window: size.nullable().default(4096),
    /** E, in the spelling of the Hub, and in that of transformers 5. */
    num_experts: size.optional(),
    num_local_experts: size.optional(),
    num_experts_per_tok: size.default(8),
    moe_intermediate_size: size.default(768),
    norm_topk_prob: z.boolean().default(false),
    decoder_sparse_step: size.default(1),
    mlp_only_layers: z.array(z.int().min(0)).nullish(),
    output_router_logits: z
      .literal(false, "the loss of the router is not supported; must be false")
      .default(false),
  },
  options: (config) => ({
    activation: config.hidden_act,
    biases: { qkv: config.attention_bias, attentionOutput: config.attention_bias },
    queryKeyNorm: "each head",
    window: () => (config.use_sliding_window ? (config.sliding_window ?? undefined) : undefined),
    experts: {
      count: config.num_local_experts ?? config.num_experts ?? 128,
      perToken: config.num_experts_per_tok,
      inner: config.moe_intermediate_size,
      normalizes: config.norm_topk_prob,
    },
    isSparse: (layer) =>
      !config.mlp_only_layers?.includes(layer) && (layer + 1) % config.decoder_sparse_step === 0,
  }),
});
