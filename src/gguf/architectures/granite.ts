/** @file Granite, with its factors. */

import { type GgufArchitecture, shortest } from "./parts/architecture.ts";
import { numberField } from "./parts/fields.ts";
import { PAIRED, relative } from "./parts/relative.ts";

/** Fields of config.json, by their keys without the architecture. */
const FACTORS = {
  embedding_scale: "embedding_multiplier",
  residual_scale: "residual_multiplier",
  "attention.scale": "attention_multiplier",
  logit_scale: "logits_scaling",
} as const;

export const granite: GgufArchitecture = relative({
  name: "granite",
  types: ["granite"],
  className: "GraniteForCausalLM",
  layouts: PAIRED,
  fields: (metadata, tensors) => ({
    ...Object.fromEntries(
      Object.entries(FACTORS).map(([name, field]) => {
        const key = `granite.${name}`;
        return [field, shortest(metadata.required(key, metadata.number(key)))];
      }),
    ),
    attention_bias: tensors.has("blk.0.attn_q.bias"),
    mlp_bias: tensors.has("blk.0.ffn_up.bias"),
  }),
  metadata: (config) =>
    Object.fromEntries(
      Object.entries(FACTORS).map(([key, field]) => [key, { float: numberField(config, field) }]),
    ),
});
