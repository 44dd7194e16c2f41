/**
 * @file What follows the last norm of a ModernBERT, by `architectures` of config.json.
 *
 *   ModernBertForMaskedLM                  logits = LN(gelu(W x)) wordᵀ + b     of the K tokens of a row that are to be guessed, or of all T
 *   ModernBertForSequenceClassification    logits = V LN(gelu(W x̄)) + b         x̄ the first token, or the mean over tokens
 *   ModernBertModel                        y = Σ_t mask_t x_t / Σ_t mask_t      a vector for the text
 *
 * B batch, T sequence, C = hidden_size.
 */

import { tensorAt } from "../../../graph/tensors.ts";
import type { Value } from "../../../graph/value.ts";
import { activationOf } from "../../../nn/activation.ts";
import { dropout } from "../../../nn/dropout.ts";
import { linear, linearSpec } from "../../../nn/linear.ts";
import {
  layerNorm,
  layerNormSpec,
  type LayerNormSpec,
  type UnshiftedNormSpec,
} from "../../../nn/norm.ts";
import type { ParamsOf } from "../../../nn/params.ts";
import { gather } from "../../../ops/indexing.ts";
import { foldBatch, slice } from "../../../ops/movement.ts";
import { classifier, labelsOfConfig } from "../../labels.ts";
import type { StageContext } from "../../model.ts";
import { defineStage } from "../../stage.ts";
import { type BertEnding, meanOverTokens } from "./bert-endings.ts";
import type { ModernBertArchitecture, ModernBertConfig } from "./modernbert-config.ts";

/** Before the names of all that a ModernBERT is without a head. */
export const MODERNBERT_PREFIX = "model.";

export type ModernNormSpec = LayerNormSpec | UnshiftedNormSpec;

/** A norm, which shifts if `norm_bias` says so. */
export function modernNormSpec({ hidden_size, norm_bias }: ModernBertConfig): ModernNormSpec {
  const { weight, bias } = layerNormSpec(hidden_size);
  return norm_bias ? { weight, bias } : { weight };
}

/** The deviation of maps whose outputs are added up over the layers. */
export const outputDeviation = (config: ModernBertConfig): number =>
  config.initializer_range / Math.sqrt(2 * config.num_hidden_layers);

export const MODERNBERT_ENDINGS: Readonly<
  Record<ModernBertArchitecture, (config: ModernBertConfig) => BertEnding>
> = {
  ModernBertForMaskedLM: (config) => ({
    ...headEnding(config, {
      kind: "transform",
      reads: ["chosen"],
      select: (x, { inputs: { chosen } = {} }) => (chosen ? gather(foldBatch(x), chosen) : x), // [B, K, C]
    }),
    inputTypes: (batch, places) => ({ chosen: { dtype: "int32", shape: [batch, places] } }),
    head: { weight: `${MODERNBERT_PREFIX}embeddings.tok_embeddings.weight`, bias: "decoder.bias" },
    params: [
      [
        "decoder.bias",
        { shape: [config.vocab_size], role: "bias", init: { kind: "constant", value: 0 } },
      ],
    ],
    optional: ["head.*", "decoder.bias"],
    ignore: ["decoder.weight", "classifier.*"],
  }),

  ModernBertForSequenceClassification: (config) => {
    const labels = labelsOfConfig(config);
    const { hidden_size, classifier_pooling: pooling, classifier_dropout: rate } = config;
    return {
      ...headEnding(config, {
        kind: "pool",
        reads: pooling === "mean" ? ["attentionMask"] : [],
        select: (x, { inputs = {} }) =>
          pooling === "mean"
            ? meanOverTokens(x, tensorAt(inputs, "attentionMask")) // [B, 1, C]
            : slice(x, { axis: 1, start: 0, end: 1 }), // [B, 1, C]
        drop: (y, { masks }) => dropout(y, "pooled", rate, masks),
      }),
      ...classifier(labels.length, { hidden_size, initializer_range: hidden_size ** -0.5 }),
      labels,
      optional: ["head.*", "classifier.*"],
      ignore: ["decoder.*"],
    };
  },

  ModernBertModel: () => ({
    stage: defineStage({
      kind: "mean",
      specs: {},
      reads: ["attentionMask"],
      forward: (x, _, { inputs = {} }) => meanOverTokens(x, tensorAt(inputs, "attentionMask")),
    }),
    optional: [],
    ignore: ["head.*", "decoder.*", "classifier.*"],
  }),
};

interface HeadOptions {
  readonly kind: string;
  readonly reads: readonly ("chosen" | "attentionMask")[];
  /** The vectors that the head is for. */
  readonly select: (x: Value, context: StageContext) => Value;
  readonly drop?: (y: Value, context: StageContext) => Value;
}

/** LN(act(W x)) of some vectors. */
function headEnding(
  config: ModernBertConfig,
  { kind, reads, select, drop = (y) => y }: HeadOptions,
): Pick<BertEnding, "stage"> {
  const { hidden_size: c, classifier_bias: bias, classifier_activation, norm_eps } = config;
  const activation = activationOf(classifier_activation);
  const map = { from: c, to: c, deviation: outputDeviation(config) };
  const specs = {
    dense: bias ? linearSpec({ ...map, bias }) : linearSpec(map),
    norm: modernNormSpec(config),
  };
  return {
    stage: defineStage({
      kind,
      specs,
      names: "head.",
      reads,
      forward(x, p: ParamsOf<typeof specs>, context) {
        const mapped = activation(linear(select(x, context), p.dense));
        return drop(layerNorm(mapped, p.norm, norm_eps), context);
      },
    }),
  };
}
