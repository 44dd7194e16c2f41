/** @file The architectures that GGUF and this library both have, as llama.cpp names their tensors. */

import { UsageError } from "../../errors.ts";
import type { Json } from "../../files/json.ts";
import type { Metadata } from "../metadata.ts";
import { type GgufArchitecture, type Layout, shortest, type TensorFacts } from "./architecture.ts";
import { gpt2 } from "./gpt2.ts";
import { numberField, optionalNumber } from "./fields.ts";
import { ROTARY_TENSORS, rotaryConfig, rotaryMetadata } from "./rotary.ts";

/** What a relative of Llama has that Llama has not. */
type Relative = Pick<GgufArchitecture, "name" | "types" | "className"> &
  Partial<Pick<GgufArchitecture, "tensors" | "layouts" | "metadata">> & {
    readonly fields?: (metadata: Metadata, tensors: TensorFacts) => Json;
  };

const rotary = ({ fields, ...own }: Relative): GgufArchitecture => ({
  ...own,
  tensors: { ...ROTARY_TENSORS, ...own.tensors },
  layouts: own.layouts ?? {},
  ignored: ["rope_freqs.weight"],
  whole: [],
  config: async (metadata, tensors) => ({
    ...(await rotaryConfig(own.name, metadata, tensors)),
    ...fields?.(metadata, tensors),
  }),
  metadata: (config) => ({ ...rotaryMetadata(config), ...own.metadata?.(config) }),
});

/** Halves of heads turn as neighbours in llama.cpp's code for Llama. */
const PAIRED: Readonly<Record<string, Layout>> = {
  "blk.*.attn_q.weight": "paired queries",
  "blk.*.attn_q.bias": "paired queries",
  "blk.*.attn_k.weight": "paired keys",
  "blk.*.attn_k.bias": "paired keys",
};

const llama = rotary({
  name: "llama",
  types: ["llama", "mistral"],
  className: "LlamaForCausalLM",
  layouts: PAIRED,
  fields: (_, tensors) => ({
    attention_bias: tensors.has("blk.0.attn_q.bias"),
    mlp_bias: tensors.has("blk.0.ffn_up.bias"),
  }),
  // No entry hides what has left the window: of contexts that it spans, all is seen.
  metadata(config) {
    const window = optionalNumber(config, "sliding_window") ?? Infinity;
    const longest = numberField(config, "max_position_embeddings");
    return { context_length: Math.min(window, longest) };
  },
});

const refuseWindows = (config: Json): Readonly<Record<string, never>> => {
  if (config["use_sliding_window"] !== true) return {};
  throw new UsageError("use_sliding_window: GGUF has no word for it", {
    hint: "export it as onnx or safetensors",
  });
};

const qwen2 = rotary({
  name: "qwen2",
  types: ["qwen2"],
  className: "Qwen2ForCausalLM",
  metadata: refuseWindows,
});

const HEAD_NORMS: Readonly<Record<string, string>> = {
  "blk.*.attn_q_norm": "model.layers.*.self_attn.q_norm",
  "blk.*.attn_k_norm": "model.layers.*.self_attn.k_norm",
};

const qwen3 = rotary({
  name: "qwen3",
  types: ["qwen3"],
  className: "Qwen3ForCausalLM",
  tensors: HEAD_NORMS,
  fields: (_, tensors) => ({ attention_bias: tensors.has("blk.0.attn_q.bias") }),
  metadata: refuseWindows,
});

const GEMMA_NORMS: Readonly<Record<string, Layout>> = {
  "output_norm.weight": "plus one",
  "blk.*.attn_norm.weight": "plus one",
  "blk.*.ffn_norm.weight": "plus one",
};

const gemma = rotary({
  name: "gemma",
  types: ["gemma"],
  className: "GemmaForCausalLM",
  layouts: GEMMA_NORMS,
});

/** As llama.cpp has it: the one Gemma 2 of 46 layers divides by the width over the number of heads, the others by the head's. */
const scoreDivisor = (layers: number, perHead: number, head: number): number =>
  layers === 46 ? perHead : head;

const gemma2 = rotary({
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

export const ARCHITECTURES: readonly GgufArchitecture[] = [
  llama,
  qwen2,
  qwen3,
  gemma,
  gemma2,
  gpt2,
];
