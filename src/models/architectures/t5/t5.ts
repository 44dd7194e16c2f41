/**
 * @file T5: Raffel et al., "Exploring the Limits of Transfer Learning with a Unified Text-to-Text Transformer", JMLR 21, 2020,
 * arXiv:1910.10683; T5 v1.1, FLAN-T5 and mT5 (Xue et al., 2021, arXiv:2010.11934), whose feed-forward networks are gated.
 *
 *   x = shared[ids]                                      y = shared[decoderIds]
 *   x ← x + attn(norm(x))                                y ← y + attn(norm(y))
 *   x ← x + ff(norm(x))          L times                 y ← y + attn(norm(y), m)
 *   m = norm(x)                                          y ← y + ff(norm(y))               L' times
 *                                                        logits = norm(y) lm_headᵀ,  or  C^-1/2 norm(y) sharedᵀ
 *   attn = softmax(q kᵀ + relative bias) v, without 1 / √D and, of the output m of the encoder, without a bias
 *   ff(x) = act(x wiᵀ) woᵀ,  or  (act(x wi_0ᵀ) ∘ x wi_1ᵀ) woᵀ
 *
 * Norms are root mean squares, nothing has a bias, and all blocks of a stack share the table of the relative bias in its first one.
 * B batch, S source, T target, P past, C = d_model, D = d_kv, H = num_heads, W = H D.
 */

import { tensorAt } from "../../../graph/tensors.ts";
import type { Value } from "../../../graph/value.ts";
import { causalBias, paddingBias } from "../../../nn/attention/attention-bias.ts";
import { dropout, type DropoutMasks } from "../../../nn/dropout.ts";
import { embeddingSpec } from "../../../nn/linear.ts";
import { rmsNorm } from "../../../nn/norm.ts";
import type { ParamsOf } from "../../../nn/params.ts";
import { tokenEmbedding } from "../../../nn/token-embedding.ts";
import { lengthOf } from "../../../nn/attention/positions.ts";
import {
  relativeBias,
  relativeBiasAt,
  type RelativeBuckets,
} from "../../../nn/attention/relative-bias.ts";
import { add, scale } from "../../../ops/elementwise.ts";
import { type Architecture, defineArchitecture } from "../../architecture.ts";
import type { ConfigFields } from "../../config.ts";
import { type InputName, ENCODER_OUTPUT, type Model } from "../../model.ts";
import { type DefinedStage, defineStage, paramsOf } from "../../stage.ts";
import { outputScale, T5_FIELDS, t5Config, type T5Config } from "./t5-config.ts";
import {
  crossAttention,
  crossAttentionSpec,
  type CrossAttentionSpec,
  type DecoderContext,
  feedForward,
  feedForwardSpec,
  type FeedForwardSpec,
  keysAndValues,
  normSpec,
  selfAttention,
  selfAttentionSpec,
  type SelfAttentionSpec,
} from "./t5-layers.ts";

type EncoderBlockSpec = {
  readonly layer: { readonly 0: SelfAttentionSpec; readonly 1: FeedForwardSpec };
};
type DecoderBlockSpec = {
  readonly layer: {
    readonly 0: SelfAttentionSpec;
    readonly 1: CrossAttentionSpec;
    readonly 2: FeedForwardSpec;
  };
};

/** Tokens of a sequence in pretraining, where config.json does not name them. */
const PRETRAINING_LENGTH = 512;

/**
 * T5 or mT5 of any size.
 *
 * @param fields - the fields of config.json; absent ones are those of the smallest model of the type
 * @throws {UsageError} if a field is not what the architecture allows.
 */
export const t5: Architecture = defineArchitecture(
  { types: ["t5", "mt5"], fields: T5_FIELDS, dropout: ["dropout_rate"] },
  build,
);

function build(fields: ConfigFields): Model {
  const config = t5Config(fields);
  const { d_model, vocab_size, initializer_factor, tie_word_embeddings: isTied } = config;
  const encoder = [
    embedStage(config, "encoder"),
    ...Array.from({ length: config.num_layers }, (_, i) => encoderBlock(config, i)),
    normStage(config, "encoder"),
  ];
  const decoder = [
    embedStage(config, "decoder"),
    ...Array.from({ length: config.num_decoder_layers }, (_, i) => decoderBlock(config, i)),
    normStage(config, "decoder", { factor: outputScale(config) }),
  ];
  const stages = [...encoder, ...decoder];
  const params = new Map(paramsOf(stages));
  const head = isTied ? "shared.weight" : "lm_head.weight";
  if (!isTied) params.set(head, embeddingSpec(vocab_size, d_model, initializer_factor).weight);
  return {
    type: config.model_type,
    task: "seq2seq",
    config,
    params,
    stages,
    encoderEnd: encoder.length - 1,
    head: { weight: head },
    width: d_model,
    vocabularySize: vocab_size,
    contextLength: Infinity,
    usualLength: config.n_positions ?? PRETRAINING_LENGTH,
    decoderStart: config.decoder_start_token_id,
    inputTypes: (batch, length, answerLength = length) => ({
      ids: { dtype: "int32", shape: [batch, length] },
      attentionMask: { dtype: "int32", shape: [batch, length] },
      decoderIds: { dtype: "int32", shape: [batch, answerLength] },
    }),
    checkpoint: {
      prefixes: [],
      ignore: [
        "encoder.embed_tokens.weight",
        "decoder.embed_tokens.weight",
        "decoder.block.0.layer.1.EncDecAttention.relative_attention_bias.weight",
        ...(isTied ? ["lm_head.weight"] : []),
      ],
      substitutes: {
        "shared.weight": [
          "encoder.embed_tokens.weight",
          "decoder.embed_tokens.weight",
          ...(isTied ? ["lm_head.weight"] : []),
        ],
        ...(!isTied && { "lm_head.weight": ["shared.weight"] }),
      },
    },
  };
}

// Stages

type Stack = "encoder" | "decoder";

const SOURCES: Readonly<Record<Stack, InputName>> = { encoder: "ids", decoder: "decoderIds" };

function embedStage(config: T5Config, stack: Stack): DefinedStage {
  const { vocab_size, d_model, initializer_factor, dropout_rate } = config;
  const specs = { shared: embeddingSpec(vocab_size, d_model, initializer_factor) };
  const embed = (ids: Value, p: ParamsOf<typeof specs>, masks?: DropoutMasks) =>
    tokenEmbedding(ids, p.shared, masks); // [B, T, C]
  return defineStage({
    kind: `${stack} embed`,
    specs,
    source: SOURCES[stack],
    forward: (ids, p, { masks }) => dropout(embed(ids, p, masks), "embed", dropout_rate, masks),
    decoding: stack === "decoder" ? { decode: (ids, p) => ({ y: embed(ids, p) }) } : undefined,
  });
}

/** The table of the relative bias is that of the first block. */
const namesOf = (stack: Stack, block: number) => (path: string) =>
  `${stack}.block.${path.includes("relative_attention_bias") ? 0 : block}.${path}`;

function encoderBlock(config: T5Config, block: number): DefinedStage {
  const specs: EncoderBlockSpec = {
    layer: { 0: selfAttentionSpec(config), 1: feedForwardSpec(config) },
  };
  return defineStage({
    kind: "encoder block",
    specs,
    names: namesOf("encoder", block),
    reads: ["attentionMask"],
    attends: true,
    forward(x, p, { inputs = {}, masks, positions }) {
      const { SelfAttention } = p.layer[0];
      const table = SelfAttention.relative_attention_bias.weight;
      const buckets = bucketsOf(config, "encoder");
      const position = positions
        ? relativeBiasAt(table, positions, positions, buckets) // [B, H, S, S]
        : relativeBias(table, lengthOf(x), buckets); // [H, S, S]
      const padding = paddingBias(x, tensorAt(inputs, "attentionMask")); // [B, 1, 1, S]
      const bias = add(position, padding); // [B, H, S, S]
      const attended = selfAttention(x, p.layer[0], config, { bias, masks });
      return feedForward(attended.y, p.layer[1], config, masks);
    },
  });
}

function decoderBlock(config: T5Config, block: number): DefinedStage {
  const specs: DecoderBlockSpec = {
    layer: {
      0: selfAttentionSpec(config),
      1: crossAttentionSpec(config),
      2: feedForwardSpec(config),
    },
  };
  const buckets = bucketsOf(config, "decoder");
  const tableOf = (p: ParamsOf<DecoderBlockSpec>) =>
    p.layer[0].SelfAttention.relative_attention_bias.weight;
  const readEncoded = (encoded: Value, p: ParamsOf<DecoderBlockSpec>) =>
    keysAndValues(encoded, p.layer[1].EncDecAttention);

  function decode(x: Value, p: ParamsOf<DecoderBlockSpec>, context: DecoderContext) {
    const { encoded, masks } = context;
    const attended = selfAttention(x, p.layer[0], config, context);
    const informed = crossAttention(attended.y, p.layer[1], config, { encoded, masks });
    return { ...attended, y: feedForward(informed, p.layer[2], config, masks) };
  }

  return defineStage({
    kind: "decoder block",
    specs,
    names: namesOf("decoder", block),
    reads: [ENCODER_OUTPUT, "attentionMask"],
    attends: true,
    forward(x, p, { inputs = {}, masks }) {
      const length = lengthOf(x);
      const bias = add(relativeBias(tableOf(p), length, buckets), causalBias(x, length)); // [H, T, T]
      const encoded = {
        ...readEncoded(tensorAt(inputs, ENCODER_OUTPUT), p),
        bias: paddingBias(x, tensorAt(inputs, "attentionMask")), // [B, 1, 1, S]
      };
      return decode(x, p, { bias, encoded, masks }).y;
    },
    decoding: {
      cacheWidth: config.num_heads * config.d_kv,
      cacheHeads: config.num_heads,
      encoded: readEncoded,
      decode(x, p, { positions, keyPositions, past, encoded }) {
        if (!encoded) throw new Error("internal: a decoder without an encoder");
        const position = relativeBiasAt(tableOf(p), positions, keyPositions, buckets);
        return decode(x, p, { bias: add(position, past.bias), past, encoded });
      },
    },
  });
}

function normStage(
  config: T5Config,
  stack: Stack,
  { factor = 1 }: { readonly factor?: number } = {},
): DefinedStage {
  const specs = { final_layer_norm: normSpec(config) };
  const norm = (x: Value, p: ParamsOf<typeof specs>, masks?: DropoutMasks) => {
    const y = rmsNorm(x, p.final_layer_norm, config.layer_norm_epsilon);
    const kept = dropout(y, "norm", config.dropout_rate, masks);
    return factor === 1 ? kept : scale(kept, factor);
  };
  return defineStage({
    kind: `${stack} norm`,
    specs,
    names: `${stack}.`,
    forward: (x, p, { masks }) => norm(x, p, masks),
    decoding: stack === "decoder" ? { decode: (x, p) => ({ y: norm(x, p) }) } : undefined,
  });
}

const bucketsOf = (config: T5Config, stack: Stack): RelativeBuckets => ({
  buckets: config.relative_attention_num_buckets,
  maxDistance: config.relative_attention_max_distance,
  bidirectional: stack === "encoder",
});
