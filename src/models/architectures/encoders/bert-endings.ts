/**
 * @file What follows the blocks of a BERT, by `architectures` of config.json.
 *
 *   BertForMaskedLM                  logits = LN(gelu(W x)) wordᵀ + b         of the K tokens of a row that are to be guessed,
 *                                                                             or of all T
 *   BertForSequenceClassification    logits = V tanh(W x₀ + c) + b            of the first token, [CLS]
 *   BertModel                        y = Σ_t mask_t x_t / Σ_t mask_t          a vector for the text: Reimers & Gurevych, "Sentence-BERT",
 *                                                                             2019, arXiv:1908.10084
 *
 * B batch, T sequence, C = hidden_size.
 */

import { tensorAt } from "../../../graph/tensors.ts";
import { scalarLike, type Value } from "../../../graph/value.ts";
import { activationOf } from "../../../nn/activation.ts";
import { dropout } from "../../../nn/dropout.ts";
import { linear, linearSpec, type LinearSpec } from "../../../nn/linear.ts";
import { layerNorm, layerNormSpec, type LayerNormSpec } from "../../../nn/norm.ts";
import type { ParamSpec } from "../../../nn/params.ts";
import { cast, div, max, tanh } from "../../../ops/elementwise.ts";
import { gather } from "../../../ops/indexing.ts";
import { matmul } from "../../../ops/matmul.ts";
import { foldBatch, reshape, slice } from "../../../ops/movement.ts";
import { reduceSum } from "../../../ops/reduce.ts";
import type { BertArchitecture, BertConfig } from "./bert-config.ts";
import { classifier, labelsOfConfig } from "../../labels.ts";
import type { Head, InputTypes } from "../../model.ts";
import { type DefinedStage, defineStage } from "../../stage.ts";

/** Before the names of all that a BERT is without a head. */
export const BERT_PREFIX = "bert.";

export interface BertEnding {
  readonly stage: DefinedStage;
  readonly head?: Head;
  /** What it reads that all BERTs do not, for K places a row. */
  readonly inputTypes?: (batch: number, places: number) => InputTypes;
  /** Parameters that no stage has. */
  readonly params?: readonly (readonly [name: string, spec: ParamSpec])[];
  readonly labels?: readonly string[];
  /** Patterns of what a checkpoint of another task may lack, or have besides. */
  readonly optional: readonly string[];
  readonly ignore: readonly string[];
}

export const BERT_ENDINGS: Readonly<Record<BertArchitecture, (config: BertConfig) => BertEnding>> =
  {
    BertForMaskedLM(config) {
      const { layer_norm_eps: eps, hidden_act } = config;
      const activation = activationOf(hidden_act);
      const specs: { readonly dense: LinearSpec; readonly LayerNorm: LayerNormSpec } = {
        dense: squareSpec(config),
        LayerNorm: layerNormSpec(config.hidden_size),
      };
      const bias = "cls.predictions.bias";
      return {
        stage: defineStage({
          kind: "transform",
          specs,
          names: "cls.predictions.transform.",
          reads: ["chosen"],
          forward(x, p, { inputs: { chosen } = {} }) {
            const guessed = chosen ? gather(foldBatch(x), chosen) : x; // [B, K, C]
            return layerNorm(activation(linear(guessed, p.dense)), p.LayerNorm, eps);
          },
        }),
        inputTypes: (batch, places) => ({ chosen: { dtype: "int32", shape: [batch, places] } }),
        head: { weight: `${BERT_PREFIX}embeddings.word_embeddings.weight`, bias },
        params: [[bias, zeros(config.vocab_size)]],
        optional: ["cls.predictions.*"],
        ignore: ["pooler.*", "cls.seq_relationship.*", "cls.predictions.decoder.*", "classifier.*"],
      };
    },

    BertForSequenceClassification(config) {
      const rateOfDropout = config.classifier_dropout ?? config.hidden_dropout_prob;
      const labels = labelsOfConfig(config);
      return {
        stage: defineStage({
          kind: "pool",
          specs: { dense: squareSpec(config) },
          names: `${BERT_PREFIX}pooler.`,
          forward(x, p, { masks }) {
            const first = slice(x, { axis: 1, start: 0, end: 1 }); // [B, 1, C]
            return dropout(tanh(linear(first, p.dense)), "pooled", rateOfDropout, masks);
          },
        }),
        ...classifier(labels.length, config),
        labels,
        optional: ["classifier.*", "pooler.*"],
        ignore: ["cls.*"],
      };
    },

    BertModel: ({ hidden_size: c, initializer_range: deviation }) => ({
      stage: defineStage({
        kind: "mean",
        specs: {},
        reads: ["attentionMask"],
        forward: (x, _, { inputs = {} }) => meanOverTokens(x, tensorAt(inputs, "attentionMask")),
      }),
      // transformers wants them, whether or not they are used.
      params: [
        [
          "pooler.dense.weight",
          { shape: [c, c], role: "matrix", init: { kind: "normal", deviation } },
        ],
        ["pooler.dense.bias", zeros(c)],
      ],
      optional: ["pooler.*"],
      ignore: ["cls.*", "classifier.*"],
    }),
  };

/** The mean of [B, T, C] over the tokens of a mask [B, T], [B, 1, C]. */
function meanOverTokens(x: Value, mask: Value): Value {
  const [batch = 0, length = 0] = mask.shape;
  const weights = reshape(cast(mask, x.dtype), [batch, 1, length]);
  const counts = reduceSum(weights, { axes: [2], keepDims: true }); // [B, 1, 1]
  // Rows that fill up a batch have no tokens.
  return div(matmul(weights, x), max(counts, scalarLike(x, 1)));
}

const squareSpec = ({ hidden_size: c, initializer_range: deviation }: BertConfig): LinearSpec =>
  linearSpec({ from: c, to: c, deviation, bias: true });

const zeros = (count: number): ParamSpec => ({
  shape: [count],
  role: "bias",
  init: { kind: "constant", value: 0 },
});
