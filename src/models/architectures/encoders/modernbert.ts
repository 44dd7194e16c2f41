/**
 * @file ModernBERT: Warner et al., "Smarter, Better, Faster, Longer: A Modern Bidirectional Encoder", 2024, arXiv:2412.13663.
 *
 *   x = LN(word[ids])
 *   x ← x + attn(LN(x))                                the first block has no norm here
 *   x ← x + (act(a) ⊙ b) W_oᵀ,  [a, b] = LN(x) W_iᵀ    L times
 *   x ← LN(x)
 *
 * Heads are turned by their position. In most layers a token sees those nearby alone, and turns faster. Norms have no biases.
 * Parameters and config fields keep the names of the Hugging Face checkpoints. B batch, T sequence, C = hidden_size.
 */

import { UsageError } from "../../../errors.ts";
import { tensorAt } from "../../../graph/tensors.ts";
import type { Value } from "../../../graph/value.ts";
import { activationOf } from "../../../nn/activation.ts";
import { multiHeadAttention } from "../../../nn/attention/attention.ts";
import { nearbyBias, paddingBias } from "../../../nn/attention/attention-bias.ts";
import { lengthOf, range } from "../../../nn/attention/positions.ts";
import { rotary } from "../../../nn/attention/rotary.ts";
import { rotaryFrequencies } from "../../../nn/attention/rotary-frequencies.ts";
import { dropout, type DropoutMasks } from "../../../nn/dropout.ts";
import { embeddingSpec, linear, linearSpec, type MatrixSpec } from "../../../nn/linear.ts";
import { layerNorm } from "../../../nn/norm.ts";
import type { ParamsOf } from "../../../nn/params.ts";
import { tokenEmbedding } from "../../../nn/token-embedding.ts";
import { add, mul } from "../../../ops/elementwise.ts";
import { reshape, split } from "../../../ops/movement.ts";
import { type Architecture, defineArchitecture } from "../../architecture.ts";
import type { Model, Task } from "../../model.ts";
import { type DefinedStage, defineStage, paramsOf } from "../../stage.ts";
import {
  type LayerAttention,
  layersOf,
  MODERNBERT_FIELDS,
  type ModernBertArchitecture,
  type ModernBertConfig,
  modernBertConfig,
} from "./modernbert-config.ts";
import {
  MODERNBERT_ENDINGS,
  MODERNBERT_PREFIX,
  modernNormSpec,
  type ModernNormSpec,
  outputDeviation,
} from "./modernbert-endings.ts";

const TASKS = {
  ModernBertForMaskedLM: "masked",
  ModernBertForSequenceClassification: "classification",
  ModernBertModel: "embedding",
} as const satisfies Readonly<Record<ModernBertArchitecture, Task>>;

type BlockSpec = {
  /** Absent in the first block, which reads what was just normalised. */
  readonly attn_norm?: ModernNormSpec;
  readonly attn: { readonly Wqkv: MatrixSpec; readonly Wo: MatrixSpec };
  readonly mlp_norm: ModernNormSpec;
  readonly mlp: { readonly Wi: MatrixSpec; readonly Wo: MatrixSpec };
};
type BlockParams = ParamsOf<BlockSpec>;

/** ModernBERT of any size. Absent fields of config.json are those of the base model. */
export const modernbert: Architecture = defineArchitecture(
  { types: ["modernbert"], fields: MODERNBERT_FIELDS, tasks: TASKS },
  (fields) => modelOf(modernBertConfig(fields)),
);

function modelOf(config: ModernBertConfig): Model {
  checkHeads(config);
  const [architecture] = config.architectures;
  const { stage, head, params = [], labels, ...ending } = MODERNBERT_ENDINGS[architecture](config);
  const root = architecture === "ModernBertModel" ? "" : MODERNBERT_PREFIX;
  const stages = [
    embedStage(config, root),
    ...layersOf(config).map((attention, layer) => blockStage(config, root, layer, attention)),
    normStage(config, root),
    stage,
  ];
  return {
    type: config.model_type,
    task: TASKS[architecture],
    config,
    params: new Map([...paramsOf(stages), ...params]),
    stages,
    ...(head && { head }),
    width: config.hidden_size,
    vocabularySize: config.vocab_size,
    contextLength: config.max_position_embeddings,
    ...(labels && { labels }),
    inputTypes(batch, length, places = length) {
      const ids = { dtype: "int32", shape: [batch, length] } as const;
      return { ids, attentionMask: ids, ...ending.inputTypes?.(batch, places) };
    },
    checkpoint: {
      prefixes: [MODERNBERT_PREFIX],
      ignore: ending.ignore,
      optional: ending.optional,
    },
  };
}

function checkHeads({ hidden_size: width, num_attention_heads: heads }: ModernBertConfig): void {
  if (width % (2 * heads) === 0) return;
  throw new UsageError(
    `modernbert config: hidden_size must be an even multiple of num_attention_heads, as halves of heads are turned; got ${width} and ${heads}`,
  );
}

function embedStage(config: ModernBertConfig, root: string): DefinedStage {
  const { vocab_size, hidden_size: c, initializer_range, norm_eps, embedding_dropout } = config;
  return defineStage({
    kind: "embed",
    specs: {
      tok_embeddings: embeddingSpec(vocab_size, c, initializer_range),
      norm: modernNormSpec(config),
    },
    names: `${root}embeddings.`,
    source: "ids",
    forward(ids, p, { masks }) {
      const words = tokenEmbedding(ids, p.tok_embeddings, masks); // [B, T, C]
      return dropout(layerNorm(words, p.norm, norm_eps), "embeddings", embedding_dropout, masks);
    },
  });
}

function normStage(config: ModernBertConfig, root: string): DefinedStage {
  return defineStage({
    kind: "norm",
    specs: { final_norm: modernNormSpec(config) },
    names: root,
    forward: (x, p) => layerNorm(x, p.final_norm, config.norm_eps),
  });
}

/** Blocks differ in kind by how far they see, and the first one by its norm. */
function blockStage(
  config: ModernBertConfig,
  root: string,
  layer: number,
  { reach, rotation }: LayerAttention,
): DefinedStage {
  const { inverseFrequencies, attentionScaling } = rotaryFrequencies(rotation);
  const { num_attention_heads: heads, attention_dropout, mlp_dropout, norm_eps: eps } = config;
  const activation = activationOf(config.hidden_activation);
  const isFirst = layer === 0;

  /** Self-attention of all tokens to all tokens nearby, [B, T, C] to [B, T, C]. */
  function attention(x: Value, p: BlockParams["attn"], { positions, bias, masks }: BlockContext) {
    const [q, k, v] = split(linear(x, p.Wqkv), 3); // each [B, T, C]
    if (!q || !k || !v) throw new Error("internal: three parts expected");
    const turn = (y: Value) =>
      rotary(y, positions, { heads, inverseFrequencies, attentionScaling });
    const mixed = multiHeadAttention(turn(q), turn(k), v, {
      heads,
      bias,
      dropout: (probabilities) => dropout(probabilities, "probabilities", attention_dropout, masks),
    });
    return dropout(linear(mixed, p.Wo), "attention", attention_dropout, masks);
  }

  /** [B, T, C] to [B, T, C]. */
  function mlp(x: Value, p: BlockParams["mlp"], masks: DropoutMasks | undefined) {
    const [a, b] = split(linear(x, p.Wi), 2); // each [B, T, F]
    if (!a || !b) throw new Error("internal: two halves expected");
    return linear(dropout(mul(activation(a), b), "inner", mlp_dropout, masks), p.Wo);
  }

  return defineStage({
    kind: `${isFirst ? "first " : ""}block${reach === undefined ? "" : ` of reach ${reach}`}`,
    specs: blockSpec(config, isFirst),
    names: `${root}layers.${layer}.`,
    reads: ["attentionMask"],
    attends: true,
    forward(x, p, { inputs = {}, masks, positions = firstPositions(x) }) {
      const padding = paddingBias(x, tensorAt(inputs, "attentionMask"));
      const bias = reach === undefined ? padding : add(padding, nearbyBias(x, positions, reach));
      const normed = p.attn_norm ? layerNorm(x, p.attn_norm, eps) : x;
      const y = add(x, attention(normed, p.attn, { positions, bias, masks }));
      return add(y, mlp(layerNorm(y, p.mlp_norm, eps), p.mlp, masks));
    },
  });
}

interface BlockContext {
  /** [B, T] or [1, T], int32 */
  readonly positions: Value;
  /** [B, 1, 1, T], or [B, 1, T, T] where a token sees those nearby alone. */
  readonly bias: Value;
  readonly masks: DropoutMasks | undefined;
}

function blockSpec(config: ModernBertConfig, isFirst: boolean): BlockSpec {
  const { hidden_size: c, intermediate_size: inner, initializer_range } = config;
  const map = (from: number, to: number, bias: boolean, deviation = initializer_range) =>
    bias ? linearSpec({ from, to, deviation, bias }) : linearSpec({ from, to, deviation });
  const { attention_bias, mlp_bias } = config;
  const small = outputDeviation(config);
  return {
    ...(!isFirst && { attn_norm: modernNormSpec(config) }),
    attn: { Wqkv: map(c, 3 * c, attention_bias), Wo: map(c, c, attention_bias, small) },
    mlp_norm: modernNormSpec(config),
    mlp: { Wi: map(c, 2 * inner, mlp_bias), Wo: map(inner, c, mlp_bias, small) },
  };
}

/** 0 to T - 1, [1, T]. */
function firstPositions(x: Value): Value {
  const length = lengthOf(x);
  return reshape(range(length), [1, length]);
}
