/**
 * @file DistilBERT: Sanh et al., 2019, arXiv:1910.01108: BERT without types, of half the layers, under other names.
 * `bert-model.ts` has the equations.
 *
 *   DistilBertForMaskedLM                  logits = LN(gelu(W x)) wordᵀ + b
 *   DistilBertForSequenceClassification    logits = V relu(W x₀ + c) + b      of the first token, [CLS]
 */

import { z } from "zod";
import { activationOf } from "../../../nn/activation.ts";
import { type Architecture, defineArchitecture } from "../../architecture.ts";
import { activation, parseConfig, rate, size } from "../../config.ts";
import { labelsSchema } from "../../labels.ts";
import type { Task } from "../../model.ts";
import type { BertSizes } from "./bert-config.ts";
import { type BertEnding, classifierEnding, maskedEnding } from "./bert-endings.ts";
import { bertModel } from "./bert-model.ts";

const PREFIX = "distilbert.";

const TASKS = {
  DistilBertForMaskedLM: "masked",
  DistilBertForSequenceClassification: "classification",
} as const satisfies Readonly<Record<string, Task>>;

const schema = z.looseObject({
  model_type: z.literal("distilbert").default("distilbert"),
  architectures: z
    .tuple([z.enum(["DistilBertForMaskedLM", "DistilBertForSequenceClassification"])])
    .default(["DistilBertForMaskedLM"]),
  vocab_size: size.default(30522),
  dim: size.default(768),
  n_layers: size.default(6),
  n_heads: size.default(12),
  hidden_dim: size.default(3072),
  activation: activation.default("gelu"),
  dropout: rate.default(0.1),
  attention_dropout: rate.default(0.1),
  seq_classif_dropout: rate.default(0.2),
  max_position_embeddings: size.default(512),
  sinusoidal_pos_embds: z.literal(false).default(false),
  initializer_range: z.number().positive().default(0.02),
  tie_word_embeddings: z.literal(true).default(true),
  problem_type: z.literal("single_label_classification").nullish(),
  ...labelsSchema,
});

type DistilBertConfig = z.infer<typeof schema>;

/** What BERT's maps and norms are called here. */
const NAMES: ReadonlyMap<string, string> = new Map([
  ["attention.self.query", "attention.q_lin"],
  ["attention.self.key", "attention.k_lin"],
  ["attention.self.value", "attention.v_lin"],
  ["attention.output.dense", "attention.out_lin"],
  ["attention.output.LayerNorm", "sa_layer_norm"],
  ["intermediate.dense", "ffn.lin1"],
  ["output.dense", "ffn.lin2"],
  ["output.LayerNorm", "output_layer_norm"],
]);

/** DistilBERT of any size. Absent fields of config.json are those of transformers. */
export const distilbert: Architecture = defineArchitecture(
  {
    types: ["distilbert"],
    fields: Object.keys(schema.shape),
    dropout: ["dropout", "attention_dropout", "seq_classif_dropout"],
    tasks: TASKS,
  },
  (fields) => {
    const config = parseConfig("distilbert", schema, fields);
    const [architecture] = config.architectures;
    return bertModel({
      type: "distilbert",
      task: TASKS[architecture],
      config,
      sizes: sizesOf(config),
      ending: ENDINGS[architecture](config),
      prefix: PREFIX,
      root: PREFIX,
      blocks: { list: "transformer.layer.", names: NAMES },
      tokenTypes: "none",
    });
  },
);

const sizesOf = (config: DistilBertConfig): BertSizes => ({
  vocab_size: config.vocab_size,
  hidden_size: config.dim,
  num_hidden_layers: config.n_layers,
  num_attention_heads: config.n_heads,
  intermediate_size: config.hidden_dim,
  hidden_act: config.activation,
  hidden_dropout_prob: config.dropout,
  attention_probs_dropout_prob: config.attention_dropout,
  attention_output_dropout: 0,
  max_position_embeddings: config.max_position_embeddings,
  type_vocab_size: 0,
  initializer_range: config.initializer_range,
  layer_norm_eps: 1e-12,
});

const ENDINGS: Readonly<Record<keyof typeof TASKS, (config: DistilBertConfig) => BertEnding>> = {
  DistilBertForMaskedLM: (config) => ({
    ...maskedEnding(sizesOf(config), {
      dense: "vocab_transform",
      norm: "vocab_layer_norm",
      bias: "vocab_projector.bias",
      words: `${PREFIX}embeddings.word_embeddings.weight`,
    }),
    optional: ["vocab_transform.*", "vocab_layer_norm.*", "vocab_projector.bias"],
    ignore: ["vocab_projector.weight", "pre_classifier.*", "classifier.*"],
  }),

  DistilBertForSequenceClassification: (config) => ({
    ...classifierEnding(
      { ...sizesOf(config), num_labels: config.num_labels, id2label: config.id2label },
      {
        dense: "pre_classifier",
        activation: activationOf("relu"),
        dropout: { rate: config.seq_classif_dropout },
      },
    ),
    optional: ["pre_classifier.*", "classifier.*"],
    ignore: ["vocab_transform.*", "vocab_layer_norm.*", "vocab_projector.*"],
  }),
};
