/**
 * @file Mistral: Jiang et al., 2023, arXiv:2310.06825.
 *
 *   x ← x + attn(norm(x))
 *   x ← x + mlp(norm(x))
 *
 * as in `rotary-block.ts`, where a token sees itself and the `sliding_window` - 1 tokens before.
 */

import { z } from "zod";
import { activation, type ConfigFields, parseConfig, rate, size } from "../../config.ts";
import type { Model } from "../../model.ts";
import { ropeFields } from "./rotary-config.ts";
import { rotaryDecoder } from "./rotary-decoder.ts";

/** The fields of config.json that matter, with the defaults of transformers; others are kept. */
const mistralSchema = z.looseObject({
  model_type: z.literal("mistral").default("mistral"),
  architectures: z.array(z.string()).default(["MistralForCausalLM"]),
  vocab_size: size.default(32000),
  hidden_size: size.default(4096),
  intermediate_size: size.default(14336),
  num_hidden_layers: size.default(32),
  num_attention_heads: size.default(32),
  num_key_value_heads: size.nullable().default(8),
  head_dim: size.nullish(),
  hidden_act: activation.default("silu"),
  max_position_embeddings: size.default(131072),
  sliding_window: size.nullable().default(4096),
  initializer_range: z.number().positive().default(0.02),
  rms_norm_eps: z.number().positive().default(1e-6),
  tie_word_embeddings: z.boolean().default(false),
  attention_dropout: rate.default(0),
  ...ropeFields,
});

/** The names of those fields. */
export const MISTRAL_FIELDS: readonly string[] = Object.keys(mistralSchema.shape);

/**
 * Mistral of any size.
 *
 * @param fields - the fields of config.json; absent ones are those of the 7 B model
 * @throws {UsageError} if a field is not what the architecture allows.
 */
export function mistral(fields: ConfigFields): Model {
  const config = parseConfig("mistral", mistralSchema, fields);
  const window = config.sliding_window ?? undefined;
  return rotaryDecoder(config, { activation: config.hidden_act, window: () => window });
}
