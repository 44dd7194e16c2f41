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
import { activation, type ConfigFields, parseConfig, rate, size } from "../../config.ts";
import type { Model } from "../../model.ts";
import { ropeFields } from "./rotary-config.ts";
import { rotaryDecoder } from "./rotary-decoder.ts";

/** The fields of config.json that matter, with the defaults of transformers; others are kept. */
const gemmaSchema = z.looseObject({
  model_type: z.literal("gemma").default("gemma"),
  architectures: z.array(z.string()).default(["GemmaForCausalLM"]),
  vocab_size: size.default(256000),
  hidden_size: size.default(3072),
  intermediate_size: size.default(24576),
  num_hidden_layers: size.default(28),
  num_attention_heads: size.default(16),
  num_key_value_heads: size.default(16),
  head_dim: size.default(256),
  hidden_act: activation.default("gelu_pytorch_tanh"),
  max_position_embeddings: size.default(8192),
  initializer_range: z.number().positive().default(0.02),
  rms_norm_eps: z.number().positive().default(1e-6),
  tie_word_embeddings: z.boolean().default(true),
  attention_bias: z.boolean().default(false),
  attention_dropout: rate.default(0),
  use_bidirectional_attention: z.literal(false).nullish(),
  ...ropeFields,
});

/** The names of those fields. */
export const GEMMA_FIELDS: readonly string[] = Object.keys(gemmaSchema.shape);

/**
 * Gemma of any size.
 *
 * @param fields - the fields of config.json; absent ones are those of the 7 B model
 * @throws {UsageError} if a field is not what the architecture allows.
 */
export function gemma(fields: ConfigFields): Model {
  const config = parseConfig("gemma", gemmaSchema, fields);
  const { hidden_act: act, attention_bias: bias } = config;
  return rotaryDecoder(config, {
    activation: act === "gelu" ? "gelu_pytorch_tanh" : act,
    biases: { qkv: bias, attentionOutput: bias },
    offsetNorm: true,
    embeddingScale: Math.sqrt(config.hidden_size),
  });
}
