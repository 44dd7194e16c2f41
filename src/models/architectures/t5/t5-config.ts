/**
 * @file The fields of config.json of T5, T5 v1.1, FLAN-T5 and mT5, and what follows from them.
 *
 *             feed-forward network    output embedding
 *   T5        relu                    that of the input, after a scale of C^-1/2
 *   T5 v1.1   gated-gelu              its own:  tie_word_embeddings is false, or scale_decoder_outputs
 *   mT5       gated-gelu              its own, whatever tie_word_embeddings says
 *
 * transformers 5 writes `tie_word_embeddings: true` into every one of them.
 */

import { z } from "zod";
import { UsageError } from "../../../errors.ts";
import { type Activation, activationOf } from "../../../nn/activation.ts";
import { type ConfigFields, parseConfig, rate, size } from "../../config.ts";

const token = z.int().min(0);

/** The fields of config.json that matter here, with T5's defaults; others are kept and saved again. */
const t5Schema = z.looseObject({
  model_type: z.enum(["t5", "mt5"]).default("t5"),
  architectures: z.array(z.string()).default(["T5ForConditionalGeneration"]),
  is_encoder_decoder: z.literal(true).default(true),
  vocab_size: size.default(32128),
  d_model: size.default(512),
  d_kv: size.default(64),
  d_ff: size.default(2048),
  num_layers: size.default(6),
  num_decoder_layers: size.nullish(),
  num_heads: size.default(8),
  relative_attention_num_buckets: z.int().min(4).default(32),
  relative_attention_max_distance: size.default(128),
  dropout_rate: rate.default(0.1),
  layer_norm_epsilon: z.number().positive().default(1e-6),
  initializer_factor: z.number().positive().default(1),
  feed_forward_proj: z
    .string()
    .regex(/^(gated-)?[^-]+$/)
    .default("relu"),
  dense_act_fn: z.string().optional(),
  is_gated_act: z.boolean().optional(),
  tie_word_embeddings: z.boolean().default(true),
  scale_decoder_outputs: z.boolean().optional(),
  n_positions: size.optional(),
  pad_token_id: token.nullish(),
  decoder_start_token_id: token.nullish(),
});

/** The names of those fields. */
export const T5_FIELDS: readonly string[] = Object.keys(t5Schema.shape);

/** Where mT5 has other defaults. */
const MT5_DEFAULTS: ConfigFields = {
  architectures: ["MT5ForConditionalGeneration"],
  vocab_size: 250112,
  d_ff: 1024,
  num_layers: 8,
  num_heads: 6,
  feed_forward_proj: "gated-gelu",
};

/** Sizes and settings, by the names of config.json; other fields are kept and saved again. */
export type T5Config = {
  readonly model_type: "t5" | "mt5";
  readonly vocab_size: number;
  /** C */
  readonly d_model: number;
  /** D, of one head. */
  readonly d_kv: number;
  /** F */
  readonly d_ff: number;
  readonly num_layers: number;
  readonly num_decoder_layers: number;
  readonly num_heads: number;
  readonly relative_attention_num_buckets: number;
  readonly relative_attention_max_distance: number;
  readonly dropout_rate: number;
  readonly layer_norm_epsilon: number;
  readonly initializer_factor: number;
  readonly feed_forward_proj: string;
  readonly dense_act_fn?: string | undefined;
  readonly is_gated_act?: boolean | undefined;
  /** Whether the output embedding is that of the input. */
  readonly tie_word_embeddings: boolean;
  readonly scale_decoder_outputs?: boolean | undefined;
  readonly n_positions?: number | undefined;
  /** The token from which answers begin. */
  readonly decoder_start_token_id: number;
};

/**
 * The configuration of a T5 or mT5.
 *
 * @param fields - absent ones are those of the smallest model of the type
 * @throws {UsageError} if a field is not what the architecture allows.
 */
export function t5Config(fields: ConfigFields): T5Config {
  const isMultilingual = fields["model_type"] === "mt5";
  const type = isMultilingual ? "mt5" : "t5";
  const defaults = isMultilingual ? MT5_DEFAULTS : {};
  const config = parseConfig(type, t5Schema, { ...defaults, ...fields });
  const buckets = config.relative_attention_num_buckets;
  const distance = config.relative_attention_max_distance;
  if (distance <= buckets / 2) {
    throw new UsageError(
      `${type} config: relative_attention_max_distance must be above half of ` +
        `relative_attention_num_buckets; got ${distance} and ${buckets}`,
    );
  }
  return {
    ...config,
    num_decoder_layers: config.num_decoder_layers ?? config.num_layers,
    tie_word_embeddings: config.tie_word_embeddings && outputScale(config) !== 1,
    decoder_start_token_id: config.decoder_start_token_id ?? config.pad_token_id ?? 0,
  };
}

type OutputFields = Pick<
  T5Config,
  "model_type" | "scale_decoder_outputs" | "tie_word_embeddings" | "d_model"
>;

/** What the last hidden states are multiplied by. */
export function outputScale({
  model_type,
  scale_decoder_outputs,
  tie_word_embeddings,
  d_model,
}: OutputFields): number {
  const isScaled = model_type === "t5" && (scale_decoder_outputs ?? tie_word_embeddings);
  return isScaled ? d_model ** -0.5 : 1;
}

export interface FeedForward {
  readonly isGated: boolean;
  readonly activation: Activation;
}

/** "relu", "gated-silu"; "gated-gelu" is the tanh form. @throws {UsageError} if there is no such activation. */
export function feedForwardOf({
  feed_forward_proj: name,
  dense_act_fn,
  is_gated_act,
}: T5Config): FeedForward {
  const usual = name === "gated-gelu" ? "gelu_new" : name.replace("gated-", "");
  return {
    isGated: is_gated_act ?? name.startsWith("gated-"),
    activation: activationOf(dense_act_fn ?? usual),
  };
}
