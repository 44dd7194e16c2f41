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
import { activation, type ConfigFields, parseConfig, rate, size } from "../../config.ts";
import type { Model } from "../../model.ts";
import { ropeFields } from "./rotary-config.ts";
import { rotaryDecoder } from "./rotary-decoder.ts";

/** The fields of config.json that matter, with the defaults of transformers; others are kept. */
const llamaSchema = z.looseObject({
  model_type: z.literal("llama").default("llama"),
  architectures: z.array(z.string()).default(["LlamaForCausalLM"]),
  vocab_size: size.default(32000),
  hidden_size: size.default(4096),
  intermediate_size: size.default(11008),
  num_hidden_layers: size.default(32),
  num_attention_heads: size.default(32),
  num_key_value_heads: size.nullable().default(null),
  head_dim: size.nullish(),
  hidden_act: activation.default("silu"),
  max_position_embeddings: size.default(2048),
  initializer_range: z.number().positive().default(0.02),
  rms_norm_eps: z.number().positive().default(1e-6),
  tie_word_embeddings: z.boolean().default(false),
  attention_bias: z.boolean().default(false),
  attention_dropout: rate.default(0),
  mlp_bias: z.boolean().default(false),
  ...ropeFields,
});

/** The names of those fields. */
export const LLAMA_FIELDS: readonly string[] = Object.keys(llamaSchema.shape);

/**
 * Llama of any size.
 *
 * @param fields - the fields of config.json; absent ones are those of the 7 B model
 * @throws {UsageError} if a field is not what the architecture allows.
 */
export function llama(fields: ConfigFields): Model {
  const config = parseConfig("llama", llamaSchema, fields);
  const { attention_bias: attention, mlp_bias: mlp } = config;
  return rotaryDecoder(config, {
    activation: config.hidden_act,
    biases: { qkv: attention, attentionOutput: attention, mlp },
  });
}
