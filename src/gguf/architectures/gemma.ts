/** @file Gemma and Gemma 2. */

import { UsageError } from "../../errors.ts";
import { type GgufArchitecture, type Layout, shortest } from "./parts/architecture.ts";
import { numberField, optionalNumber } from "./parts/fields.ts";
import { relative } from "./parts/relative.ts";

const GEMMA_NORMS: Readonly<Record<string, Layout>> = {
  "output_norm.weight": "plus one",
  "blk.*.attn_norm.weight": "plus one",
  "blk.*.ffn_norm.weight": "plus one",
};

export const gemma: GgufArchitecture = relative({
  name: "gemma",
  types: ["gemma"],
  className: "GemmaForCausalLM",
  layouts: GEMMA_NORMS,
});

/** As llama.cpp has it: the one Gemma 2 of 46 layers divides by the width over the number of heads, the others by the head's. */
const scoreDivisor = (layers: number, perHead: number, head: number): number =>
  layers === 46 ? perHead : head;

export const gemma2: GgufArchitecture = relative({
  name: "gemma2",
  types: ["gemma2"],
  className: "Gemma2ForCausalLM",
  tensors: {
    "blk.*.post_attention_norm": "model.layers.*.post_attention_layernorm",
    "blk.*.ffn_norm": "model.layers.*.pre_feedforward_layernorm",
    "blk.*.post_ffw_norm": "model.layers.*.post_feedforward_layernorm",
  },
  layouts: {
    ...GEMMA_NORMS,
    "blk.*.post_attention_norm.weight": "plus one",
    "blk.*.post_ffw_norm.weight": "plus one",
  },
  fields(metadata) {
    const number = (key: string) => metadata.number(`gemma2.${key}`);
    const needed = (key: string) => metadata.required(`gemma2.${key}`, number(key));
    const [width, heads] = [needed("embedding_length"), needed("attention.head_count")];
    const head = number("attention.key_length") ?? width / heads;
    return {
      query_pre_attn_scalar: scoreDivisor(needed("block_count"), width / heads, head),
      sliding_window: number("attention.sliding_window") ?? 4096,
      attn_logit_softcapping: shortest(number("attn_logit_softcapping") ?? 50),
      final_logit_softcapping: shortest(number("final_logit_softcapping") ?? 30),
    };
  },
  metadata(config) {
    const number = (field: string) => numberField(config, field);
    const [width, heads] = [number("hidden_size"), number("num_attention_heads")];
    const head = optionalNumber(config, "head_dim") ?? width / heads;
    const expected = scoreDivisor(number("num_hidden_layers"), width / heads, head);
    if (number("query_pre_attn_scalar") !== expected) {
      const got = number("query_pre_attn_scalar");
      throw new UsageError(`query_pre_attn_scalar: must be ${expected} in GGUF; got ${got}`);
    }
    return {
      "attention.sliding_window": number("sliding_window"),
      attn_logit_softcapping: { float: number("attn_logit_softcapping") },
      final_logit_softcapping: { float: number("final_logit_softcapping") },
    };
  },
});
