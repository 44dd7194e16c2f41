/** @file Phi-3 and Phi-4, whose maps to queries, keys and values are one matrix. */

import { FormatError } from "../../errors.ts";
import type { GgufArchitecture } from "./parts/architecture.ts";
import { numberField, optionalNumber } from "./parts/fields.ts";
import { relative } from "./parts/relative.ts";

export const phi3: GgufArchitecture = relative({
  name: "phi3",
  types: ["phi3"],
  className: "Phi3ForCausalLM",
  lacks: ["blk.*.attn_q", "blk.*.attn_k", "blk.*.attn_v", "blk.*.ffn_gate"],
  tensors: {
    "blk.*.attn_qkv": "model.layers.*.self_attn.qkv_proj",
    "blk.*.ffn_up": "model.layers.*.mlp.gate_up_proj",
  },
  fields(metadata, tensors) {
    const number = (key: string) => metadata.number(`phi3.${key}`);
    const needed = (key: string) => metadata.required(`phi3.${key}`, number(key));
    if (tensors.has("rope_factors_long.weight")) {
      throw new FormatError(metadata.path, "phi3: longrope is not supported");
    }
    const head =
      number("attention.key_length") ?? needed("embedding_length") / needed("attention.head_count");
    return {
      head_dim: head,
      partial_rotary_factor: (number("rope.dimension_count") ?? head) / head,
      // 0 is how Phi-4 says that it has none.
      sliding_window: number("attention.sliding_window") || null,
    };
  },
  // llama.cpp hears no windows of it: of contexts that one spans, all is seen.
  metadata(config) {
    const window = optionalNumber(config, "sliding_window") ?? 0;
    const longest = numberField(config, "max_position_embeddings");
    return {
      context_length: window === 0 ? longest : Math.min(window, longest),
      "attention.sliding_window": window,
    };
  },
});
