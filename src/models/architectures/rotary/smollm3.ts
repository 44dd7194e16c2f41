/**
 * @file SmolLM3: Bakouch et al., 2025, https://huggingface.co/blog/smollm3.
 *
 *   x ← x + attn(norm(x))
 *   x ← x + mlp(norm(x))
 *
 * as in `rotary-block.ts`, where every fourth layer turns no heads and so knows nothing of positions ("NoPE": Yang et al., 2025,
 * arXiv:2501.18795). With `use_sliding_window` those layers have windows.
 */

import { z } from "zod";
import { UsageError } from "../../../errors.ts";
import type { Architecture } from "../../architecture.ts";
import { activation, size } from "../../config.ts";
import { rotaryArchitecture } from "./decoder/rotary-architecture.ts";
import { layerTypes, layerWindow } from "./decoder/rotary-config.ts";

/** SmolLM3 of any size. Absent fields of config.json are those of transformers. */
export const smollm3: Architecture = rotaryArchitecture({
  type: "smollm3",
  architecture: "SmolLM3ForCausalLM",
  defaults: {
    vocab_size: 128256,
    hidden_size: 2048,
    intermediate_size: 11008,
    num_hidden_layers: 36,
    num_attention_heads: 16,
    num_key_value_heads: 4,
    max_position_embeddings: 32768,
    tie_word_embeddings: true,
    rope_theta: 2_000_000,
  },
  fields: {
    hidden_act: activation.default("silu"),
    /** For each layer, whether its heads are turned. */
    no_rope_layers: z.array(z.literal([0, 1])).nullish(),
    no_rope_layer_interval: size.default(4),
    use_sliding_window: z.boolean().default(false),
    sliding_window: size.nullable().default(null),
    layer_types: layerTypes,
    attention_bias: z.boolean().default(false),
    mlp_bias: z.boolean().default(false),
  },
  options(config) {
    const { num_hidden_layers: layers, no_rope_layers: listed } = config;
    if (listed && listed.length < layers) {
      throw new UsageError(
        `smollm3 config: no_rope_layers must have a 0 or 1 for each of ${layers} layers; got ${listed.length}`,
      );
    }
    const turns = (layer: number) =>
      listed ? listed[layer] === 1 : (layer + 1) % config.no_rope_layer_interval !== 0;
    const attention = config.attention_bias;
    return {
      activation: config.hidden_act,
      biases: { qkv: attention, attentionOutput: attention, mlp: config.mlp_bias },
      turns,
      window: layerWindow(config, (layer) => config.use_sliding_window && !turns(layer)),
    };
  },
});
