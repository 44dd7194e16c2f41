/**
 * @file The encoder that BERT and its relatives share: Devlin, Chang, Lee & Toutanova, "BERT: Pre-training of Deep Bidirectional
 * Transformers for Language Understanding", NAACL 2019, arXiv:1810.04805.
 *
 *   x = LN(word[ids] + position[t] + type[tokenTypes])
 *   x ← LN(x + attn(x))
 *   x ← LN(x + W₂ gelu(W₁ x))                                  L times
 *
 * Parameters and config fields keep the names of the Hugging Face checkpoints. B batch, T sequence, C = hidden_size.
 */

import { UsageError } from "../../../errors.ts";
import { tensorAt } from "../../../graph/tensors.ts";
import { scalarLike, type Value } from "../../../graph/value.ts";
import { type Activation, activationOf } from "../../../nn/activation.ts";
import { multiHeadAttention } from "../../../nn/attention/attention.ts";
import { paddingBias } from "../../../nn/attention/attention-bias.ts";
import { dropout, type DropoutMasks } from "../../../nn/dropout.ts";
import {
  embedding,
  embeddingSpec,
  type EmbeddingSpec,
  linear,
  linearSpec,
  type LinearSpec,
} from "../../../nn/linear.ts";
import { layerNorm, layerNormSpec, type LayerNormSpec } from "../../../nn/norm.ts";
import type { ParamsOf } from "../../../nn/params.ts";
import { tokenEmbedding } from "../../../nn/token-embedding.ts";
import { lengthOf, range } from "../../../nn/attention/positions.ts";
import { cumulativeSum } from "../../../ops/scan.ts";
import { add, cast, equal, mul, shift, sub } from "../../../ops/elementwise.ts";
import { slice } from "../../../ops/movement.ts";
import type { BertSizes } from "./bert-config.ts";
import type { BertEnding } from "./bert-endings.ts";
import type { ConfigFields } from "../../config.ts";
import type { Model, Task } from "../../model.ts";
import { type DefinedStage, defineStage, paramsOf } from "../../stage.ts";

type NormedLinearSpec = { readonly dense: LinearSpec; readonly LayerNorm: LayerNormSpec };
type NormedLinear = ParamsOf<NormedLinearSpec>;

type EmbedSpec = {
  readonly word_embeddings: EmbeddingSpec;
  readonly position_embeddings: EmbeddingSpec;
  readonly token_type_embeddings?: EmbeddingSpec;
  readonly LayerNorm: LayerNormSpec;
};

type BlockSpec = {
  readonly attention: {
    readonly self: {
      readonly query: LinearSpec;
      readonly key: LinearSpec;
      readonly value: LinearSpec;
    };
    readonly output: NormedLinearSpec;
  };
  readonly intermediate: { readonly dense: LinearSpec };
  readonly output: NormedLinearSpec;
};
type BlockParams = ParamsOf<BlockSpec>;

/** A BERT, or a relative with what it has otherwise. */
export interface BertRelative {
  /** `model_type` */
  readonly type: string;
  readonly task: Task;
  /** The contents of config.json. */
  readonly config: ConfigFields;
  readonly sizes: BertSizes;
  readonly ending: BertEnding;
  /** Before the names of all that it is without a head, in checkpoints with one. */
  readonly prefix: string;
  /** Before the names of the parameters here: the prefix, or nothing where there is no head. */
  readonly root: string;
  /** The list of blocks, and what their maps and norms are called, by BERT's names. */
  readonly blocks?: { readonly list: string; readonly names: ReadonlyMap<string, string> };
  /** Which row of the table of types is added: that of `tokenTypes`, the first one, or none, without a table. */
  readonly tokenTypes: "read" | "first" | "none";
  /** The id of padding, where positions of tokens are counted from the one after; by default they are from 0 on. */
  readonly padToken?: number;
}

/** The model of a relative. @throws {UsageError} if heads do not divide the width. */
export function bertModel(relative: BertRelative): Model {
  const { type, task, config, sizes, ending, prefix, root, tokenTypes, padToken } = relative;
  const { hidden_size: width, num_attention_heads: heads } = sizes;
  if (width % heads !== 0) {
    throw new UsageError(
      `${type} config: hidden_size must be divisible by num_attention_heads; got ${width} and ${heads}`,
    );
  }
  const { stage, head, params = [], labels } = ending;
  const list = relative.blocks?.list ?? "encoder.layer.";
  const stages = [
    embedStage(relative),
    ...Array.from({ length: sizes.num_hidden_layers }, (_, layer) =>
      blockStage(sizes, `${root}${list}${layer}.`, relative.blocks?.names),
    ),
    stage,
  ];
  return {
    type,
    task,
    config,
    params: new Map([...paramsOf(stages), ...params]),
    stages,
    ...(head && { head }),
    width,
    vocabularySize: sizes.vocab_size,
    contextLength: sizes.max_position_embeddings - (padToken === undefined ? 0 : padToken + 1),
    ...(labels && { labels }),
    inputTypes(batch, length, places = length) {
      const ids = { dtype: "int32", shape: [batch, length] } as const;
      const own = ending.inputTypes?.(batch, places);
      return { ids, attentionMask: ids, ...(tokenTypes === "read" && { tokenTypes: ids }), ...own };
    },
    checkpoint: {
      prefixes: [prefix],
      ignore: ["embeddings.position_ids", ...ending.ignore],
      optional: ending.optional,
      endings: { "LayerNorm.gamma": "LayerNorm.weight", "LayerNorm.beta": "LayerNorm.bias" },
    },
  };
}

function embedStage({ sizes, root, tokenTypes, padToken }: BertRelative): DefinedStage {
  const { hidden_size: c, initializer_range: deviation, layer_norm_eps: eps } = sizes;
  const specs: EmbedSpec = {
    word_embeddings: embeddingSpec(sizes.vocab_size, c, deviation),
    position_embeddings: embeddingSpec(sizes.max_position_embeddings, c, deviation),
    ...(tokenTypes !== "none" && {
      token_type_embeddings: embeddingSpec(sizes.type_vocab_size, c, deviation),
    }),
    LayerNorm: layerNormSpec(c),
  };
  return defineStage({
    kind: "embed",
    specs,
    names: `${root}embeddings.`,
    source: "ids",
    reads: tokenTypes === "read" ? ["tokenTypes"] : [],
    forward(ids, p, { inputs = {}, masks, positions = range(lengthOf(ids)) }) {
      const { token_type_embeddings: table } = p;
      const words = tokenEmbedding(ids, p.word_embeddings, masks); // [B, T, C]
      const types =
        table &&
        (tokenTypes === "read"
          ? embedding(tensorAt(inputs, "tokenTypes"), table) // [B, T, C]
          : slice(table.weight, { axis: 0, start: 0, end: 1 })); // [1, C]
      const places = padToken === undefined ? positions : positionsAfter(padToken, ids);
      const placed = embedding(places, p.position_embeddings); // [T, C] or [B, T, C]
      const x = layerNorm(add(types ? add(words, types) : words, placed), p.LayerNorm, eps);
      return dropout(x, "embeddings", sizes.hidden_dropout_prob, masks);
    },
  });
}

/** Positions [B, T] of ids: those of tokens follow that of padding, which is its id. */
function positionsAfter(padding: number, ids: Value): Value {
  const isPadding = cast(equal(ids, scalarLike(ids, padding)), "int32");
  const isToken = sub(scalarLike(ids, 1), isPadding);
  return shift(mul(cumulativeSum(isToken, 1), isToken), padding);
}

function blockStage(
  config: BertSizes,
  prefix: string,
  names: ReadonlyMap<string, string> = new Map(),
): DefinedStage {
  const { hidden_size: c, intermediate_size: inner, initializer_range: deviation } = config;
  const map = (from: number, to: number) => linearSpec({ from, to, deviation, bias: true });
  const specs: BlockSpec = {
    attention: {
      self: { query: map(c, c), key: map(c, c), value: map(c, c) },
      output: { dense: map(c, c), LayerNorm: layerNormSpec(c) },
    },
    intermediate: { dense: map(c, inner) },
    output: { dense: map(inner, c), LayerNorm: layerNormSpec(c) },
  };
  const activation = activationOf(config.hidden_act);
  return defineStage({
    kind: "block",
    specs,
    names(path) {
      const end = path.lastIndexOf(".");
      const module = path.slice(0, end);
      return prefix + (names.get(module) ?? module) + path.slice(end);
    },
    reads: ["attentionMask"],
    attends: true,
    forward: (x, p, { inputs = {}, masks }) =>
      block(x, p, config, {
        activation,
        bias: paddingBias(x, tensorAt(inputs, "attentionMask")),
        masks,
      }),
  });
}

interface BlockContext {
  readonly activation: Activation;
  /** [B, 1, 1, T] */
  readonly bias: Value;
  readonly masks: DropoutMasks | undefined;
}

/** One post-norm block, [B, T, C] to [B, T, C]. */
function block(x: Value, p: BlockParams, config: BertSizes, context: BlockContext): Value {
  const { layer_norm_eps: eps, hidden_dropout_prob } = config;
  const { activation, masks } = context;
  const normed = (y: Value, residual: Value, own: NormedLinear) =>
    layerNorm(add(y, residual), own.LayerNorm, eps);
  const attended = linear(
    attention(x, p.attention.self, config, context),
    p.attention.output.dense,
  );
  const { attention_output_dropout = hidden_dropout_prob } = config;
  const kept = dropout(attended, "attention", attention_output_dropout, masks);
  x = normed(kept, x, p.attention.output);
  const expanded = activation(linear(x, p.intermediate.dense)); // [B, T, F]
  const reduced = dropout(linear(expanded, p.output.dense), "output", hidden_dropout_prob, masks);
  return normed(reduced, x, p.output);
}

/** Self-attention of all tokens to all tokens, [B, T, C] to [B, T, C]. */
function attention(
  x: Value,
  { query, key, value }: BlockParams["attention"]["self"],
  config: BertSizes,
  { bias, masks }: BlockContext,
): Value {
  const { num_attention_heads: heads, attention_probs_dropout_prob: rateOfDropout } = config;
  return multiHeadAttention(linear(x, query), linear(x, key), linear(x, value), {
    heads,
    bias,
    dropout: (probabilities) => dropout(probabilities, "probabilities", rateOfDropout, masks),
  });
}
