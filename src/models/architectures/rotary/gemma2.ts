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
import { activation, type ConfigFields, parseConfig, rate, size } from "../../config.ts";
import type { Model } from "../../model.ts";
import { layerTypes, layerWindow, ropeFields } from "./rotary-config.ts";
import { rotaryDecoder } from "./rotary-decoder.ts";

const cap = z.number().positive().nullable();

/** The fields of config.json that matter, with the defaults of transformers; others are kept. */
const gemma2Schema = z.looseObject({
  model_type: z.literal("gemma2").default("gemma2"),
  architectures: z.array(z.string()).default(["Gemma2ForCausalLM"]),
  vocab_size: size.default(256000),
  hidden_size: size.default(2304),
  intermediate_size: size.default(9216),
  num_hidden_layers: size.default(26),
  num_attention_heads: size.default(8),
  num_key_value_heads: size.default(4),
  head_dim: size.default(256),
  hidden_activation: activation.default("gelu_pytorch_tanh"),
  max_position_embeddings: size.default(8192),
  query_pre_attn_scalar: size.default(256),
  sliding_window: size.nullable().default(4096),
  layer_types: layerTypes,
  attn_logit_softcapping: cap.default(50),
  final_logit_softcapping: cap.default(30),
  initializer_range: z.number().positive().default(0.02),
  rms_norm_eps: z.number().positive().default(1e-6),
  tie_word_embeddings: z.boolean().default(true),
  attention_bias: z.boolean().default(false),
  attention_dropout: rate.default(0),
  use_bidirectional_attention: z.literal(false).nullish(),
  ...ropeFields,
});

/** The names of those fields. */
export const GEMMA2_FIELDS: readonly string[] = Object.keys(gemma2Schema.shape);

/**
 * Gemma 2 of any size.
 *
 * @param fields - the fields of config.json; absent ones are those of the 2 B model
 * @throws {UsageError} if a field is not what the architecture allows.
 */
export function gemma2(fields: ConfigFields): Model {
  const config = parseConfig("gemma2", gemma2Schema, fields);
  const { attention_bias: bias } = config;
  return rotaryDecoder(config, {
    activation: config.hidden_activation,
    biases: { qkv: bias, attentionOutput: bias },
    offsetNorm: true,
    outputNorm: true,
    embeddingScale: Math.sqrt(config.hidden_size),
    scoreScale: config.query_pre_attn_scalar ** -0.5,
    scoreSoftcap: config.attn_logit_softcapping ?? undefined,
    logitSoftcap: config.final_logit_softcapping ?? undefined,
    window: layerWindow(config, (layer) => layer % 2 === 0),
  });
}
