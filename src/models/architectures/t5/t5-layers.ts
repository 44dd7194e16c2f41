/** @file The layers of T5, whose equations are in t5.ts: each with its norm and its residual connection. */

import type { Value } from "../../../graph/value.ts";
import { multiHeadAttention } from "../../../nn/attention/attention.ts";
import { dropout, type DropoutMasks } from "../../../nn/dropout.ts";
import {
  embeddingSpec,
  type EmbeddingSpec,
  linear,
  linearSpec,
  type MatrixSpec,
} from "../../../nn/linear.ts";
import { rmsNorm, rmsNormSpec, type RmsNormSpec } from "../../../nn/norm.ts";
import type { ParamsOf } from "../../../nn/params.ts";
import { add, mul } from "../../../ops/elementwise.ts";
import { concat } from "../../../ops/movement.ts";
import type { Decoded, KeysAndValues, EncoderAttention, PastAttention } from "../../model.ts";
import { feedForwardOf, type T5Config } from "./t5-config.ts";

type AttentionSpec = {
  readonly q: MatrixSpec;
  readonly k: MatrixSpec;
  readonly v: MatrixSpec;
  readonly o: MatrixSpec;
};
export type SelfAttentionSpec = {
  readonly SelfAttention: AttentionSpec & { readonly relative_attention_bias: EmbeddingSpec };
  readonly layer_norm: RmsNormSpec;
};
export type CrossAttentionSpec = {
  readonly EncDecAttention: AttentionSpec;
  readonly layer_norm: RmsNormSpec;
};
type PlainSpec = { readonly wi: MatrixSpec; readonly wo: MatrixSpec };
type GatedSpec = { readonly wi_0: MatrixSpec; readonly wi_1: MatrixSpec; readonly wo: MatrixSpec };
export type FeedForwardSpec = {
  readonly DenseReluDense: PlainSpec | GatedSpec;
  readonly layer_norm: RmsNormSpec;
};

interface SelfAttentionContext {
  /** Added to the scores, broadcast to [B, H, T, P + T]. */
  readonly bias: Value;
  readonly past?: PastAttention;
  readonly masks?: DropoutMasks | undefined;
}

interface CrossAttentionContext {
  readonly encoded: EncoderAttention;
  readonly masks: DropoutMasks | undefined;
}

export type DecoderContext = SelfAttentionContext & Pick<CrossAttentionContext, "encoded">;

/** x + attn(norm(x)), [B, T, C]. */
export function selfAttention(
  x: Value,
  p: ParamsOf<SelfAttentionSpec>,
  config: T5Config,
  { bias, past, masks }: SelfAttentionContext,
): Required<Decoded> {
  const normed = rmsNorm(x, p.layer_norm, config.layer_norm_epsilon);
  const fresh = keysAndValues(normed, p.SelfAttention);
  const read = {
    keys: past ? concat([past.keys, fresh.keys], 1) : fresh.keys, // [B, P + T, W]
    values: past ? concat([past.values, fresh.values], 1) : fresh.values,
    bias,
  };
  const y = attention(normed, p.SelfAttention, config, { name: "self", read, masks });
  return { y: add(x, dropout(y, "self", config.dropout_rate, masks)), attention: fresh };
}

/** x + attn(norm(x), m), [B, T, C]. */
export function crossAttention(
  x: Value,
  p: ParamsOf<CrossAttentionSpec>,
  config: T5Config,
  { encoded, masks }: CrossAttentionContext,
): Value {
  const normed = rmsNorm(x, p.layer_norm, config.layer_norm_epsilon);
  const context = { name: "cross", read: encoded, masks };
  const y = attention(normed, p.EncDecAttention, config, context);
  return add(x, dropout(y, "cross", config.dropout_rate, masks));
}

/** [B, S, C] to keys and values [B, S, W]. */
export const keysAndValues = (x: Value, p: ParamsOf<AttentionSpec>): KeysAndValues => ({
  keys: linear(x, p.k),
  values: linear(x, p.v),
});

interface AttentionContext {
  /** Of its mask of dropout. */
  readonly name: string;
  /** What x attends to. */
  readonly read: EncoderAttention;
  readonly masks: DropoutMasks | undefined;
}

/** [B, T, C] to [B, T, C]. */
function attention(
  x: Value,
  p: ParamsOf<AttentionSpec>,
  { num_heads, dropout_rate }: T5Config,
  { name, read, masks }: AttentionContext,
): Value {
  const mixed = multiHeadAttention(linear(x, p.q), read.keys, read.values, {
    heads: num_heads,
    scale: 1,
    bias: read.bias,
    dropout: (weights) => dropout(weights, `${name}.weights`, dropout_rate, masks),
  }); // [B, T, W]
  return linear(mixed, p.o);
}

/** x + ff(norm(x)), [B, T, C]. */
export function feedForward(
  x: Value,
  { DenseReluDense: p, layer_norm }: ParamsOf<FeedForwardSpec>,
  config: T5Config,
  masks: DropoutMasks | undefined,
): Value {
  const { layer_norm_epsilon, dropout_rate } = config;
  const { activation } = feedForwardOf(config);
  const normed = rmsNorm(x, layer_norm, layer_norm_epsilon);
  const inner =
    "wi" in p
      ? activation(linear(normed, p.wi))
      : mul(activation(linear(normed, p.wi_0)), linear(normed, p.wi_1)); // [B, T, F]
  const y = linear(dropout(inner, "ff.inner", dropout_rate, masks), p.wo);
  return add(x, dropout(y, "ff", dropout_rate, masks));
}

// Parameters, initialised as in transformers

export const normSpec = ({ d_model, initializer_factor }: T5Config): RmsNormSpec => ({
  weight: {
    ...rmsNormSpec(d_model).weight,
    init: { kind: "constant", value: initializer_factor },
  },
});

/** Scores are not divided by √D: q is so much smaller instead. */
function attentionSpec({ d_model, d_kv, num_heads, initializer_factor }: T5Config): AttentionSpec {
  const inner = num_heads * d_kv;
  const outward = { from: d_model, to: inner, deviation: initializer_factor * d_model ** -0.5 };
  return {
    q: linearSpec({ ...outward, deviation: initializer_factor * (d_model * d_kv) ** -0.5 }),
    k: linearSpec(outward),
    v: linearSpec(outward),
    o: linearSpec({ from: inner, to: d_model, deviation: initializer_factor * inner ** -0.5 }),
  };
}

export function selfAttentionSpec(config: T5Config): SelfAttentionSpec {
  const { d_model, num_heads, relative_attention_num_buckets, initializer_factor } = config;
  const deviation = initializer_factor * d_model ** -0.5;
  return {
    SelfAttention: {
      ...attentionSpec(config),
      relative_attention_bias: embeddingSpec(relative_attention_num_buckets, num_heads, deviation),
    },
    layer_norm: normSpec(config),
  };
}

export const crossAttentionSpec = (config: T5Config): CrossAttentionSpec => ({
  EncDecAttention: attentionSpec(config),
  layer_norm: normSpec(config),
});

export function feedForwardSpec(config: T5Config): FeedForwardSpec {
  const { d_model, d_ff, initializer_factor } = config;
  const up = linearSpec({
    from: d_model,
    to: d_ff,
    deviation: initializer_factor * d_model ** -0.5,
  });
  const wo = linearSpec({ from: d_ff, to: d_model, deviation: initializer_factor * d_ff ** -0.5 });
  const { isGated } = feedForwardOf(config);
  return {
    DenseReluDense: isGated ? { wi_0: up, wi_1: up, wo } : { wi: up, wo },
    layer_norm: normSpec(config),
  };
}
