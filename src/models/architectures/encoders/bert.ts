/**
 * @file BERT: Devlin, Chang, Lee & Toutanova, "BERT: Pre-training of Deep Bidirectional Transformers for Language Understanding",
 * NAACL 2019, arXiv:1810.04805.
 *
 *   x = LN(word[ids] + position[t] + type[tokenTypes])
 *   x ← LN(x + attn(x))
 *   x ← LN(x + W₂ gelu(W₁ x))                                  L times
 *
 * Parameters and config fields keep the names of the Hugging Face checkpoints. B batch, T sequence, C = hidden_size.
 */

import { tensorAt } from "../../../graph/tensors.ts";
import type { Value } from "../../../graph/value.ts";
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
import { add } from "../../../ops/elementwise.ts";
import { BERT_FIELDS, type BertArchitecture, type BertConfig, bertConfig } from "./bert-config.ts";
import { BERT_ENDINGS, BERT_PREFIX } from "./bert-endings.ts";
import { type Architecture, defineArchitecture } from "../../architecture.ts";
import type { ConfigFields } from "../../config.ts";
import type { Model, Task } from "../../model.ts";
import { type DefinedStage, defineStage, paramsOf } from "../../stage.ts";

/** What a BERT learns, by `architectures`. */
const BERT_TASKS: Readonly<Record<BertArchitecture, Task>> = {
  BertForMaskedLM: "masked",
  BertForSequenceClassification: "classification",
  BertModel: "embedding",
};

type NormedLinearSpec = { readonly dense: LinearSpec; readonly LayerNorm: LayerNormSpec };
type NormedLinear = ParamsOf<NormedLinearSpec>;

type EmbedSpec = {
  readonly word_embeddings: EmbeddingSpec;
  readonly position_embeddings: EmbeddingSpec;
  readonly token_type_embeddings: EmbeddingSpec;
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

/**
 * BERT of any size.
 *
 * @param fields - the fields of config.json; absent ones are those of the base size, and the task is to guess hidden tokens
 * @throws {UsageError} if a field is not what the architecture allows.
 */
export const bert: Architecture = defineArchitecture(
  {
    types: ["bert"],
    fields: BERT_FIELDS,
    dropout: ["hidden_dropout_prob", "attention_probs_dropout_prob"],
    tasks: BERT_TASKS,
  },
  build,
);

function build(fields: ConfigFields): Model {
  const config = bertConfig(fields);
  const [architecture] = config.architectures;
  const ending = BERT_ENDINGS[architecture](config);
  const { stage, head, params = [], labels } = ending;
  const root = architecture === "BertModel" ? "" : BERT_PREFIX;
  const stages = [
    embedStage(config, root),
    ...Array.from({ length: config.num_hidden_layers }, (_, layer) =>
      blockStage(config, `${root}encoder.layer.${layer}.`),
    ),
    stage,
  ];
  return {
    type: "bert",
    task: BERT_TASKS[architecture],
    config,
    params: new Map([...paramsOf(stages), ...params]),
    stages,
    ...(head && { head }),
    width: config.hidden_size,
    vocabularySize: config.vocab_size,
    contextLength: config.max_position_embeddings,
    ...(labels && { labels }),
    inputTypes(batch, length, places = length) {
      const type = { dtype: "int32", shape: [batch, length] } as const;
      const own = ending.inputTypes?.(batch, places);
      return { ids: type, attentionMask: type, tokenTypes: type, ...own };
    },
    checkpoint: {
      prefixes: [BERT_PREFIX],
      ignore: ["embeddings.position_ids", ...ending.ignore],
      optional: ending.optional,
      endings: { "LayerNorm.gamma": "LayerNorm.weight", "LayerNorm.beta": "LayerNorm.bias" },
    },
  };
}

function embedStage(config: BertConfig, root: string): DefinedStage {
  const { hidden_size: c, initializer_range: deviation, layer_norm_eps: eps } = config;
  const specs: EmbedSpec = {
    word_embeddings: embeddingSpec(config.vocab_size, c, deviation),
    position_embeddings: embeddingSpec(config.max_position_embeddings, c, deviation),
    token_type_embeddings: embeddingSpec(config.type_vocab_size, c, deviation),
    LayerNorm: layerNormSpec(c),
  };
  return defineStage({
    kind: "embed",
    specs,
    names: `${root}embeddings.`,
    source: "ids",
    reads: ["tokenTypes"],
    forward(ids, p, { inputs = {}, masks, positions = range(lengthOf(ids)) }) {
      const types = embedding(tensorAt(inputs, "tokenTypes"), p.token_type_embeddings); // [B, T, C]
      const words = add(tokenEmbedding(ids, p.word_embeddings, masks), types); // [B, T, C]
      const places = embedding(positions, p.position_embeddings); // [T, C] or [B, T, C]
      const x = layerNorm(add(words, places), p.LayerNorm, eps);
      return dropout(x, "embeddings", config.hidden_dropout_prob, masks);
    },
  });
}

function blockStage(config: BertConfig, names: string): DefinedStage {
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
    names,
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
function block(x: Value, p: BlockParams, config: BertConfig, context: BlockContext): Value {
  const { layer_norm_eps: eps, hidden_dropout_prob } = config;
  const { activation, masks } = context;
  const output = (y: Value, residual: Value, own: NormedLinear, name: string) => {
    const dropped = dropout(linear(y, own.dense), name, hidden_dropout_prob, masks);
    return layerNorm(add(dropped, residual), own.LayerNorm, eps);
  };
  x = output(attention(x, p.attention.self, config, context), x, p.attention.output, "attention");
  const expanded = activation(linear(x, p.intermediate.dense)); // [B, T, F]
  return output(expanded, x, p.output, "output");
}

/** Self-attention of all tokens to all tokens, [B, T, C] to [B, T, C]. */
function attention(
  x: Value,
  { query, key, value }: BlockParams["attention"]["self"],
  config: BertConfig,
  { bias, masks }: BlockContext,
): Value {
  const { num_attention_heads: heads, attention_probs_dropout_prob: rateOfDropout } = config;
  return multiHeadAttention(linear(x, query), linear(x, key), linear(x, value), {
    heads,
    bias,
    dropout: (probabilities) => dropout(probabilities, "probabilities", rateOfDropout, masks),
  });
}
