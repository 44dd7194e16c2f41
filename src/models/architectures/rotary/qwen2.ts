/**
 * @file Qwen 2 and 2.5: Yang et al., 2024, arXiv:2407.10671 and arXiv:2412.15115.
 *
 *   x ← x + attn(norm(x))
 *   x ← x + mlp(norm(x))
 *
 * as in `rotary-block.ts`, with biases of queries, keys and values. With `use_sliding_window` a
 * token of the layers from `max_window_layers` on sees the last `sliding_window` tokens alone.
 */

import { z } from "zod";
import { activation, type ConfigFields, parseConfig, rate, size } from "../../config.ts";
import type { Model } from "../../model.ts";
import { layerTypes, layerWindow, ropeFields } from "./rotary-config.ts";
import { rotaryDecoder } from "./rotary-decoder.ts";

/** The fields of config.json that matter, with the defaults of transformers; others are kept. */
const qwen2Schema = z.looseObject({
  model_type: z.literal("qwen2").default("qwen2"),
  architectures: z.array(z.string()).default(["Qwen2ForCausalLM"]),
  vocab_size: size.default(151936),
  hidden_size: size.default(4096),
  intermediate_size: size.default(22016),
  num_hidden_layers: size.default(32),
  num_attention_heads: size.default(32),
  num_key_value_heads: size.nullable().default(32),
  head_dim: size.nullish(),
  hidden_act: activation.default("silu"),
  max_position_embeddings: size.default(32768),
  use_sliding_window: z.boolean().default(false),
  sliding_window: size.nullable().default(4096),
  max_window_layers: z.int().min(0).default(28),
  layer_types: layerTypes,
  initializer_range: z.number().positive().default(0.02),
  rms_norm_eps: z.number().positive().default(1e-6),
  tie_word_embeddings: z.boolean().default(false),
  attention_dropout: rate.default(0),
  ...ropeFields,
});

/** The names of those fields. */
export const QWEN2_FIELDS: readonly string[] = Object.keys(qwen2Schema.shape);

/**
 * Qwen 2 of any size.
 *
 * @param fields - the fields of config.json; absent ones are those of the 7 B model
 * @throws {UsageError} if a field is not what the architecture allows.
 */
export function qwen2(fields: ConfigFields): Model {
  const config = parseConfig("qwen2", qwen2Schema, fields);
  return rotaryDecoder(config, {
    activation: config.hidden_act,
    biases: { qkv: true },
    window: config.use_sliding_window
      ? layerWindow(config, (layer) => layer >= config.max_window_layers)
      : () => undefined,
  });
}
