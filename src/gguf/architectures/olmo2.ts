/** @file OLMo 2, whose norms follow attention and MLP. In llama.cpp its maps have no biases; what has windows is OLMo 3. */

import { FormatError } from "../../errors.ts";
import type { GgufArchitecture } from "./parts/architecture.ts";
import { HEAD_NORMS, refuseOther, relative } from "./parts/relative.ts";

export const olmo2: GgufArchitecture = relative({
  name: "olmo2",
  types: ["olmo2"],
  className: "Olmo2ForCausalLM",
  lacks: ["blk.*.attn_norm", "blk.*.ffn_norm"],
  tensors: {
    ...HEAD_NORMS,
    "blk.*.post_attention_norm": "model.layers.*.post_attention_layernorm",
    "blk.*.post_ffw_norm": "model.layers.*.post_feedforward_layernorm",
  },
  fields(metadata) {
    const window = metadata.number("olmo2.attention.sliding_window");
    if (!window) return {};
    throw new FormatError(
      metadata.path,
      `olmo2.attention.sliding_window: OLMo 3 is not supported; got ${window}`,
    );
  },
  metadata(config) {
    refuseOther(config, "attention_bias", false);
    return {};
  },
});
