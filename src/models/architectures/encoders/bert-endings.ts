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
import type { BertArchitecture, BertConfig, BertSizes } from "./bert-config.ts";
import { classifier, type LabelFields, labelsOfConfig } from "../../labels.ts";
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

interface MaskedNames {
  /** The map and the norm before the head. */
  readonly dense: string;
  readonly norm: string;
  /** The bias of the head. */
  readonly bias: string;
  /** The table of tokens, which is the weight of the head. */
  readonly words: string;
}

/** The head that guesses hidden tokens. */
export function maskedEnding(
  sizes: BertSizes,
  { dense, norm, bias, words }: MaskedNames,
): Pick<BertEnding, "stage" | "inputTypes" | "head" | "params"> {
  const activation = activationOf(sizes.hidden_act);
  const specs: { readonly dense: LinearSpec; readonly LayerNorm: LayerNormSpec } = {
    dense: squareSpec(sizes),
    LayerNorm: layerNormSpec(sizes.hidden_size),
  };
  return {
    stage: defineStage({
      kind: "transform",
      specs,
      names: (path) => path.replace(/^dense/, dense).replace(/^LayerNorm/, norm),
      reads: ["chosen"],
      forward(x, p, { inputs: { chosen } = {} }) {
        const guessed = chosen ? gather(foldBatch(x), chosen) : x; // [B, K, C]
        const mapped = activation(linear(guessed, p.dense));
        return layerNorm(mapped, p.LayerNorm, sizes.layer_norm_eps);
      },
    }),
    inputTypes: (batch, places) => ({ chosen: { dtype: "int32", shape: [batch, places] } }),
    head: { weight: words, bias },
    params: [[bias, zeros(sizes.vocab_size)]],
  };
}

interface PoolOptions {
  /** The map of the first token. */
  readonly dense: string;
  readonly activation: (x: Value) => Value;
  /** Of what the head reads, and with `before` of what the map reads too. */
  readonly dropout: { readonly rate: number; readonly before?: boolean };
  /** The head, "classifier" by default. */
  readonly head?: string;
}

/** The head that tells classes apart by the first token. */
export function classifierEnding(
  sizes: BertSizes & LabelFields,
  { dense, activation, dropout: { rate, before = false }, head }: PoolOptions,
): Pick<BertEnding, "stage" | "head" | "params" | "labels"> {
  const labels = labelsOfConfig(sizes);
  return {
    stage: defineStage({
      kind: "pool",
      specs: { dense: squareSpec(sizes) },
      names: (path) => path.replace(/^dense/, dense),
      forward(x, p, { masks }) {
        const first = slice(x, { axis: 1, start: 0, end: 1 }); // [B, 1, C]
        const kept = before ? dropout(first, "first", rate, masks) : first;
        return dropout(activation(linear(kept, p.dense)), "pooled", rate, masks);
      },
    }),
    ...classifier(labels.length, sizes, head),
    labels,
  };
}

export const BERT_ENDINGS: Readonly<Record<BertArchitecture, (config: BertConfig) => BertEnding>> =
  {
    BertForMaskedLM: (config) => ({
      ...maskedEnding(config, {
        dense: "cls.predictions.transform.dense",
        norm: "cls.predictions.transform.LayerNorm",
        bias: "cls.predictions.bias",
        words: `${BERT_PREFIX}embeddings.word_embeddings.weight`,
      }),
      optional: ["cls.predictions.*"],
      ignore: ["pooler.*", "cls.seq_relationship.*", "cls.predictions.decoder.*", "classifier.*"],
    }),

    BertForSequenceClassification: (config) => ({
      ...classifierEnding(config, {
        dense: `${BERT_PREFIX}pooler.dense`,
        activation: tanh,
        dropout: { rate: config.classifier_dropout ?? config.hidden_dropout_prob },
      }),
      optional: ["classifier.*", "pooler.*"],
      ignore: ["cls.*"],
    }),

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
export function meanOverTokens(x: Value, mask: Value): Value {
  const [batch = 0, length = 0] = mask.shape;
  const weights = reshape(cast(mask, x.dtype), [batch, 1, length]);
  const counts = reduceSum(weights, { axes: [2], keepDims: true }); // [B, 1, 1]
  // Rows that fill up a batch have no tokens.
  return div(matmul(weights, x), max(counts, scalarLike(x, 1)));
}

const squareSpec = ({ hidden_size: c, initializer_range: deviation }: BertSizes): LinearSpec =>
  linearSpec({ from: c, to: c, deviation, bias: true });

const zeros = (count: number): ParamSpec => ({
  shape: [count],
  role: "bias",
  init: { kind: "constant", value: 0 },
});
