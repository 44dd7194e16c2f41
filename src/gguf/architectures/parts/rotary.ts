/** @file Llama and its relatives in GGUF: what their config.json and the metadata have in common. */

import { FormatError, UsageError } from "../../../errors.ts";
import { isObject, type Json } from "../../../files/json.ts";
import type { Metadata } from "../../metadata.ts";
import type { GgufEntry } from "../../write.ts";
import { shortest, type TensorFacts } from "./architecture.ts";
import { numberField, optionalNumber } from "./fields.ts";
import { llama3Scaling } from "./rope-factors.ts";

/** The names of tensors that all have. */
export const ROTARY_TENSORS: Readonly<Record<string, string>> = {
  token_embd: "model.embed_tokens",
  output_norm: "model.norm",
  output: "lm_head",
  "blk.*.attn_norm": "model.layers.*.input_layernorm",
  "blk.*.attn_q": "model.layers.*.self_attn.q_proj",
  "blk.*.attn_k": "model.layers.*.self_attn.k_proj",
  "blk.*.attn_v": "model.layers.*.self_attn.v_proj",
  "blk.*.attn_output": "model.layers.*.self_attn.o_proj",
  "blk.*.ffn_norm": "model.layers.*.post_attention_layernorm",
  "blk.*.ffn_gate": "model.layers.*.mlp.gate_proj",
  "blk.*.ffn_up": "model.layers.*.mlp.up_proj",
  "blk.*.ffn_down": "model.layers.*.mlp.down_proj",
};

/** Fields of config.json that are numbers, by their keys without the architecture. */
const SIZES = {
  embedding_length: "hidden_size",
  feed_forward_length: "intermediate_size",
  block_count: "num_hidden_layers",
  "attention.head_count": "num_attention_heads",
  context_length: "max_position_embeddings",
} as const;

export const EPSILON = "attention.layer_norm_rms_epsilon";

/** The fields of config.json that all have. */
export async function rotaryConfig(
  architecture: string,
  metadata: Metadata,
  tensors: TensorFacts,
): Promise<Json> {
  const number = (key: string) => metadata.number(`${architecture}.${key}`);
  const needed = (key: string) => metadata.required(`${architecture}.${key}`, number(key));
  const sizes = Object.entries(SIZES).map(([key, field]) => [field, needed(key)] as const);
  const heads = needed("attention.head_count");
  const turning = number("rope.dimension_count");
  const headDim = number("attention.key_length") ?? turning ?? needed("embedding_length") / heads;
  const rope = { rope_theta: shortest(number("rope.freq_base") ?? 10_000) };
  const scaling = await scalingOf(architecture, metadata, tensors, {
    ...rope,
    head_dim: headDim,
  });
  return {
    ...Object.fromEntries(sizes),
    vocab_size: tensors.shapeOf("token_embd.weight")?.[0],
    num_key_value_heads: number("attention.head_count_kv") ?? heads,
    head_dim: headDim,
    ...(turning !== undefined &&
      turning !== headDim && { partial_rotary_factor: turning / headDim }),
    rms_norm_eps: shortest(needed(EPSILON)),
    ...rope,
    ...(scaling && { rope_scaling: scaling }),
    tie_word_embeddings: !tensors.has("output.weight"),
  };
}

/** `rope_scaling` of config.json; undefined where positions are not scaled. */
async function scalingOf(
  architecture: string,
  metadata: Metadata,
  tensors: TensorFacts,
  rope: Readonly<{ rope_theta: number; head_dim: number }>,
): Promise<Json | undefined> {
  const key = (name: string) => `${architecture}.rope.${name}`;
  const kind = metadata.text(key("scaling.type")) ?? "none";
  const factor = metadata.number(key("scaling.factor")) ?? metadata.number(key("scale_linear"));
  if (tensors.has("rope_freqs.weight")) {
    return llama3Scaling(metadata.path, await tensors.read("rope_freqs.weight"), rope);
  }
  if (kind === "none" && (factor ?? 1) === 1) return undefined;
  const given = metadata.required(key("scaling.factor"), factor);
  if (kind === "linear" || kind === "none") {
    return { rope_type: "linear", factor: shortest(given) };
  }
  if (kind === "yarn") {
    const trained = metadata.number(key("scaling.original_context_length"));
    return {
      rope_type: "yarn",
      factor: shortest(given),
      ...(trained !== undefined && { original_max_position_embeddings: trained }),
    };
  }
  throw new FormatError(
    metadata.path,
    `${key("scaling.type")}: must be none, linear or yarn; got ${kind}`,
  );
}

/** The entries of the metadata that all have. */
export function rotaryMetadata(config: Json): Readonly<Record<string, GgufEntry>> {
  const number = (field: string) => numberField(config, field);
  const heads = number("num_attention_heads");
  const head = optionalNumber(config, "head_dim") ?? number("hidden_size") / heads;
  return {
    ...Object.fromEntries(Object.entries(SIZES).map(([key, field]) => [key, number(field)])),
    "attention.head_count_kv": optionalNumber(config, "num_key_value_heads") ?? heads,
    "attention.key_length": head,
    "attention.value_length": head,
    [EPSILON]: { float: number("rms_norm_eps") },
    vocab_size: number("vocab_size"),
    "rope.dimension_count": head,
    "rope.freq_base": { float: scalingFields(config).theta },
    ...scalingEntries(config),
  };
}

/** The parts of the rotation that say how it is scaled. */
export function scalingFields(config: Json): {
  readonly kind: string;
  readonly scaling: Json;
  readonly theta: number;
} {
  const found = config["rope_parameters"] ?? config["rope_scaling"];
  const scaling = isObject(found) ? found : {};
  const kind = scaling["rope_type"] ?? scaling["type"];
  const theta = optionalNumber(scaling, "rope_theta") ?? optionalNumber(config, "rope_theta");
  return { kind: typeof kind === "string" ? kind : "default", scaling, theta: theta ?? 10_000 };
}

function scalingEntries(config: Json): Readonly<Record<string, GgufEntry>> {
  const { kind, scaling } = scalingFields(config);
  const trained = optionalNumber(scaling, "original_max_position_embeddings");
  switch (kind) {
    case "default":
    case "llama3": // In a tensor of factors.
      return {};
    case "linear":
      return {
        "rope.scaling.type": "linear",
        "rope.scaling.factor": { float: numberField(scaling, "factor") },
      };
    case "yarn":
      return {
        "rope.scaling.type": "yarn",
        "rope.scaling.factor": { float: numberField(scaling, "factor") },
        ...(trained !== undefined && { "rope.scaling.original_context_length": trained }),
      };
    default:
      throw new UsageError(`rope_type: GGUF has default, linear, yarn and llama3; got ${kind}`, {
        hint: "export it as onnx or safetensors",
      });
  }
}
