/**
 * @file RoBERTa: Liu et al., 2019, arXiv:1907.11692: BERT, whose texts are all of the first type, and whose positions are counted
 * from the one after `pad_token_id`, which is that of padding. `bert-model.ts` has the equations.
 *
 *   RobertaForMaskedLM                  logits = LN(gelu(W x)) wordᵀ + b
 *   RobertaForSequenceClassification    logits = V tanh(W x₀ + c) + b      of the first token, <s>
 */

import { z } from "zod";
import { tanh } from "../../../ops/elementwise.ts";
import { type Architecture, defineArchitecture } from "../../architecture.ts";
import { activation, parseConfig, rate, size } from "../../config.ts";
import { labelsSchema } from "../../labels.ts";
import type { Task } from "../../model.ts";
import { type BertEnding, classifierEnding, maskedEnding } from "./bert-endings.ts";
import { bertModel } from "./bert-model.ts";

const PREFIX = "roberta.";

const TASKS = {
  RobertaForMaskedLM: "masked",
  RobertaForSequenceClassification: "classification",
} as const satisfies Readonly<Record<string, Task>>;

const schema = z.looseObject({
  model_type: z.literal("roberta").default("roberta"),
  architectures: z
    .tuple([z.enum(["RobertaForMaskedLM", "RobertaForSequenceClassification"])])
    .default(["RobertaForMaskedLM"]),
  vocab_size: size.default(50265),
  hidden_size: size.default(768),
  num_hidden_layers: size.default(12),
  num_attention_heads: size.default(12),
  intermediate_size: size.default(3072),
  hidden_act: activation.default("gelu"),
  hidden_dropout_prob: rate.default(0.1),
  attention_probs_dropout_prob: rate.default(0.1),
  classifier_dropout: rate.nullish(),
  /** Those of the table; a text has `pad_token_id` + 1 fewer. */
  max_position_embeddings: size.default(512),
  type_vocab_size: size.default(2),
  pad_token_id: z.int().min(0).default(1),
  initializer_range: z.number().positive().default(0.02),
  layer_norm_eps: z.number().positive().default(1e-12),
  position_embedding_type: z.literal("absolute").optional(),
  is_decoder: z.literal(false).default(false),
  add_cross_attention: z.literal(false).default(false),
  tie_word_embeddings: z.literal(true).default(true),
  problem_type: z.literal("single_label_classification").nullish(),
  ...labelsSchema,
});

type RobertaConfig = z.infer<typeof schema>;

/** RoBERTa of any size. Absent fields of config.json are those of transformers. */
export const roberta: Architecture = defineArchitecture(
  {
    types: ["roberta"],
    fields: Object.keys(schema.shape),
    dropout: ["hidden_dropout_prob", "attention_probs_dropout_prob"],
    tasks: TASKS,
  },
  (fields) => {
    const config = parseConfig("roberta", schema, fields);
    const [architecture] = config.architectures;
    return bertModel({
      type: "roberta",
      task: TASKS[architecture],
      config,
      sizes: config,
      ending: ENDINGS[architecture](config),
      prefix: PREFIX,
      root: PREFIX,
      tokenTypes: "first",
      padToken: config.pad_token_id,
    });
  },
);

const ENDINGS: Readonly<Record<keyof typeof TASKS, (config: RobertaConfig) => BertEnding>> = {
  RobertaForMaskedLM: (config) => ({
    // Its activation is GELU whatever that of the blocks is.
    ...maskedEnding(
      { ...config, hidden_act: "gelu" },
      {
        dense: "lm_head.dense",
        norm: "lm_head.layer_norm",
        bias: "lm_head.bias",
        words: `${PREFIX}embeddings.word_embeddings.weight`,
      },
    ),
    optional: ["lm_head.*"],
    ignore: ["pooler.*", "lm_head.decoder.*", "classifier.*"],
  }),

  RobertaForSequenceClassification: (config) => ({
    ...classifierEnding(config, {
      dense: "classifier.dense",
      activation: tanh,
      dropout: { rate: config.classifier_dropout ?? config.hidden_dropout_prob, before: true },
      head: "classifier.out_proj",
    }),
    optional: ["classifier.*"],
    ignore: ["pooler.*", "lm_head.*"],
  }),
};
