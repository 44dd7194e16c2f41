/**
 * @file Qwen 3: Yang et al., 2025, arXiv:2505.09388.
 *
 *   x ← x + attn(norm(x))
 *   x ← x + mlp(norm(x))
 *
 * as in `rotary-block.ts`, where each head of queries and of keys is normalised before it is
 * turned. Windows are those of Qwen 2.
 */

import { z } from "zod";
import { activation, type ConfigFields, parseConfig, rate, size } from "../../config.ts";
import type { Model } from "../../model.ts";
import { layerTypes, layerWindow, ropeFields } from "./rotary-config.ts";
import { rotaryDecoder } from "./rotary-decoder.ts";

/** The fields of config.json that matter, with the defaults of transformers; others are kept. */
const qwen3Schema = z.looseObject({
  model_type: z.literal("qwen3").default("qwen3"),
  architectures: z.array(z.string()).default(["Qwen3ForCausalLM"]),
  vocab_size: size.default(151936),
  hidden_size: size.default(4096),
  intermediate_size: size.default(22016),
  num_hidden_layers: size.default(32),
  num_attention_heads: size.default(32),
  num_key_value_heads: size.nullable().default(32),
  head_dim: size.default(128),
  hidden_act: activation.default("silu"),
  max_position_embeddings: size.default(32768),
  use_sliding_window: z.boolean().default(false),
  sliding_window: size.nullable().default(4096),
  max_window_layers: z.int().min(0).default(28),
  layer_types: layerTypes,
  initializer_range: z.number().positive().default(0.02),
  rms_norm_eps: z.number().positive().default(1e-6),
  tie_word_embeddings: z.boolean().default(false),
  attention_bias: z.boolean().default(false),
  attention_dropout: rate.default(0),
  ...ropeFields,
});

/** The names of those fields. */
export const QWEN3_FIELDS: readonly string[] = Object.keys(qwen3Schema.shape);

/**
 * Qwen 3 of any size, without mixtures of experts.
 *
 * @param fields - the fields of config.json; absent ones are those of the 8 B model
 * @throws {UsageError} if a field is not what the architecture allows.
 */
export function qwen3(fields: ConfigFields): Model {
  const config = parseConfig("qwen3", qwen3Schema, fields);
  const { attention_bias: bias } = config;
  return rotaryDecoder(config, {
    activation: config.hidden_act,
    biases: { qkv: bias, attentionOutput: bias },
    headNorm: true,
    window: config.use_sliding_window
      ? layerWindow(config, (layer) => layer >= config.max_window_layers)
      : () => undefined,
  });
}
