/** @file GPT-2 in GGUF. */

import type { Json } from "../../files/json.ts";
import { type GgufArchitecture, type Layout, shortest } from "./parts/architecture.ts";
import { numberField, optionalNumber } from "./parts/fields.ts";

/** Fields of config.json that are numbers, by their keys without the architecture. */
const SIZES = {
  embedding_length: "n_embd",
  block_count: "n_layer",
  "attention.head_count": "n_head",
  context_length: "n_positions",
} as const;

const EPSILON = "attention.layer_norm_epsilon";

/** Weights of Conv1D are [in, out]. */
const transposed = (stem: string): readonly [string, Layout] => [`${stem}.weight`, "transposed"];

export const gpt2: GgufArchitecture = {
  name: "gpt2",
  types: ["gpt2"],
  className: "GPT2LMHeadModel",
  tensors: {
    token_embd: "wte",
    position_embd: "wpe",
    output_norm: "ln_f",
    "blk.*.attn_norm": "h.*.ln_1",
    "blk.*.attn_qkv": "h.*.attn.c_attn",
    "blk.*.attn_output": "h.*.attn.c_proj",
    "blk.*.ffn_norm": "h.*.ln_2",
    "blk.*.ffn_up": "h.*.mlp.c_fc",
    "blk.*.ffn_down": "h.*.mlp.c_proj",
  },
  layouts: Object.fromEntries(
    ["attn_qkv", "attn_output", "ffn_up", "ffn_down"].map((stem) => transposed(`blk.*.${stem}`)),
  ),
  // The head is the embedding; some files have it twice, rounded otherwise.
  ignored: ["output.weight"],
  whole: ["position_embd.weight"],

  async config(metadata, tensors) {
    const number = (key: string) => metadata.number(`gpt2.${key}`);
    const needed = (key: string) => metadata.required(`gpt2.${key}`, number(key));
    const sizes = Object.entries(SIZES).map(([key, field]) => [field, needed(key)] as const);
    return {
      ...Object.fromEntries(sizes),
      vocab_size: tensors.shapeOf("token_embd.weight")?.[0],
      n_inner: number("feed_forward_length") ?? null,
      layer_norm_epsilon: shortest(needed(EPSILON)),
    };
  },

  metadata(config: Json) {
    const width = numberField(config, "n_embd");
    return {
      ...Object.fromEntries(
        Object.entries(SIZES).map(([key, field]) => [key, numberField(config, field)]),
      ),
      feed_forward_length: optionalNumber(config, "n_inner") ?? 4 * width,
      [EPSILON]: { float: numberField(config, "layer_norm_epsilon") },
      vocab_size: numberField(config, "vocab_size"),
    };
  },
};
