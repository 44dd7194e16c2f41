/** @file The fields of a BERT's config.json that matter here, with BERT's defaults; others are kept and saved again. */

import { z } from "zod";
import { activation, type ConfigFields, parseConfig, rate, size } from "../../config.ts";
import { type LabelFields, labelsSchema } from "../../labels.ts";

const bertSchema = z.looseObject({
  model_type: z.literal("bert").default("bert"),
  architectures: z
    .tuple([z.enum(["BertForMaskedLM", "BertForSequenceClassification", "BertModel"])])
    .default(["BertForMaskedLM"]),
  vocab_size: size.default(30522),
  hidden_size: size.default(768),
  num_hidden_layers: size.default(12),
  num_attention_heads: size.default(12),
  intermediate_size: size.default(3072),
  hidden_act: activation.default("gelu"),
  hidden_dropout_prob: rate.default(0.1),
  attention_probs_dropout_prob: rate.default(0.1),
  classifier_dropout: rate.nullish(),
  max_position_embeddings: size.default(512),
  type_vocab_size: size.default(2),
  initializer_range: z.number().positive().default(0.02),
  layer_norm_eps: z.number().positive().default(1e-12),
  position_embedding_type: z.literal("absolute").optional(),
  is_decoder: z.literal(false).default(false),
  tie_word_embeddings: z.literal(true).default(true),
  problem_type: z.literal("single_label_classification").nullish(),
  ...labelsSchema,
});

/** The names of those fields. */
export const BERT_FIELDS: readonly string[] = Object.keys(bertSchema.shape);

export type BertArchitecture = "BertForMaskedLM" | "BertForSequenceClassification" | "BertModel";

/** What the blocks of a BERT are made of. */
export interface BertSizes {
  /** V */
  readonly vocab_size: number;
  /** C */
  readonly hidden_size: number;
  /** L */
  readonly num_hidden_layers: number;
  /** H */
  readonly num_attention_heads: number;
  /** F */
  readonly intermediate_size: number;
  readonly hidden_act: string;
  readonly hidden_dropout_prob: number;
  readonly attention_probs_dropout_prob: number;
  /** That of `hidden_dropout_prob` if absent. */
  readonly attention_output_dropout?: number;
  readonly max_position_embeddings: number;
  readonly type_vocab_size: number;
  readonly initializer_range: number;
  readonly layer_norm_eps: number;
}

export interface BertConfig extends LabelFields, BertSizes {
  readonly [field: string]: unknown;
  readonly architectures: readonly [BertArchitecture];
  /** That of `hidden_dropout_prob` if absent. */
  readonly classifier_dropout?: number | null | undefined;
}

/** @throws {UsageError} if a field is not what the architecture allows. */
export const bertConfig = (fields: ConfigFields): BertConfig =>
  parseConfig("bert", bertSchema, fields);
