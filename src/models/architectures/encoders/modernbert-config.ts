/** @file The fields of a ModernBERT's config.json that matter here, in the spelling of transformers 5 and in that of the Hub. */

import { z } from "zod";
import type { RotaryConfig } from "../../../nn/attention/rotary-frequencies.ts";
import { activation, type ConfigFields, parseConfig, rate, size } from "../../config.ts";
import { type LabelFields, labelsSchema } from "../../labels.ts";
import { type LayerTypes, layerTypes, layerWindow } from "../rotary/decoder/rotary-config.ts";

const names = z.enum([
  "ModernBertForMaskedLM",
  "ModernBertForSequenceClassification",
  "ModernBertModel",
]);

const angle = z.number().positive();
const unscaled = z.literal("default", "scaled rotations are not supported").optional();
const rotation = z.looseObject({ rope_type: unscaled, rope_theta: angle.nullish() }).nullish();

const schema = z.looseObject({
  model_type: z.literal("modernbert").default("modernbert"),
  architectures: z.tuple([names]).default(["ModernBertForMaskedLM"]),
  vocab_size: size.default(50368),
  hidden_size: size.default(768),
  intermediate_size: size.default(1152),
  num_hidden_layers: size.default(22),
  num_attention_heads: size.default(12),
  hidden_activation: activation.default("gelu"),
  max_position_embeddings: size.default(8192),
  initializer_range: z.number().positive().default(0.02),
  norm_eps: z.number().positive().default(1e-5),
  norm_bias: z.boolean().default(false),
  attention_bias: z.boolean().default(false),
  attention_dropout: rate.default(0),
  embedding_dropout: rate.default(0),
  mlp_bias: z.boolean().default(false),
  mlp_dropout: rate.default(0),
  local_attention: size.default(128),
  layer_types: layerTypes,
  global_attn_every_n_layers: size.default(3),
  rope_parameters: z
    .looseObject({ full_attention: rotation, sliding_attention: rotation })
    .nullish(),
  rope_scaling: z.null("scaled rotations are not supported").optional(),
  global_rope_theta: angle.default(160_000),
  local_rope_theta: angle.default(10_000),
  decoder_bias: z.literal(true).default(true),
  classifier_pooling: z.enum(["cls", "mean"]).default("cls"),
  classifier_dropout: rate.default(0),
  classifier_bias: z.boolean().default(false),
  classifier_activation: activation.default("gelu"),
  tie_word_embeddings: z.literal(true).default(true),
  problem_type: z.literal("single_label_classification").nullish(),
  ...labelsSchema,
});

/** The names of those fields. */
export const MODERNBERT_FIELDS: readonly string[] = Object.keys(schema.shape);

export type ModernBertArchitecture =
  | "ModernBertForMaskedLM"
  | "ModernBertForSequenceClassification"
  | "ModernBertModel";

type Rotation = { readonly rope_theta?: number | null | undefined } | null | undefined;

export interface ModernBertConfig extends LabelFields {
  readonly [field: string]: unknown;
  readonly model_type: string;
  readonly architectures: readonly [ModernBertArchitecture];
  /** V */
  readonly vocab_size: number;
  /** C */
  readonly hidden_size: number;
  /** F */
  readonly intermediate_size: number;
  /** L */
  readonly num_hidden_layers: number;
  /** H */
  readonly num_attention_heads: number;
  readonly hidden_activation: string;
  readonly max_position_embeddings: number;
  readonly initializer_range: number;
  readonly norm_eps: number;
  readonly norm_bias: boolean;
  readonly attention_bias: boolean;
  readonly attention_dropout: number;
  readonly embedding_dropout: number;
  readonly mlp_bias: boolean;
  readonly mlp_dropout: number;
  /** How many tokens a token sees in layers that do not see all, those before and after alike. */
  readonly local_attention: number;
  readonly layer_types?: LayerTypes;
  readonly global_attn_every_n_layers: number;
  /** The angles of layers that see all, and of the others; they are said by the two fields below in older files. */
  readonly rope_parameters?:
    | { readonly full_attention?: Rotation; readonly sliding_attention?: Rotation }
    | null
    | undefined;
  readonly global_rope_theta: number;
  readonly local_rope_theta: number;
  /** What is classified: the first token, or the mean of all. */
  readonly classifier_pooling: "cls" | "mean";
  readonly classifier_dropout: number;
  readonly classifier_bias: boolean;
  readonly classifier_activation: string;
}

/** @throws {UsageError} if a field is not what the architecture allows. */
export const modernBertConfig = (fields: ConfigFields): ModernBertConfig =>
  parseConfig("modernbert", schema, fields);

/** How a layer attends. */
export interface LayerAttention {
  /** How far away the tokens may be that a token sees; undefined for all. */
  readonly reach: number | undefined;
  /** The rotation, with the angle of the kind of layer. */
  readonly rotation: RotaryConfig;
}

/** The attention of each layer. @throws {UsageError} if `layer_types` does not name each layer's. */
export function layersOf(config: ModernBertConfig): readonly LayerAttention[] {
  const { model_type, num_hidden_layers, layer_types, rope_parameters: ropes } = config;
  const { hidden_size, num_attention_heads, max_position_embeddings } = config;
  const window = layerWindow(
    { model_type, num_hidden_layers, layer_types, sliding_window: config.local_attention },
    (layer) => layer % config.global_attn_every_n_layers !== 0,
  );
  return Array.from({ length: num_hidden_layers }, (_, layer) => {
    const width = window(layer);
    const theta =
      width === undefined
        ? (ropes?.full_attention?.rope_theta ?? config.global_rope_theta)
        : (ropes?.sliding_attention?.rope_theta ?? config.local_rope_theta);
    return {
      reach: width === undefined ? undefined : Math.floor(width / 2),
      rotation: { hidden_size, num_attention_heads, max_position_embeddings, rope_theta: theta },
    };
  });
}
