/**
 * @file The block of decoders with a rotary embedding.
 *
 *   x ← x + attn(norm(x))
 *   x ← x + mlp(norm(x))
 *
 *   attn(x) = attention(R q, R k, v) W_oᵀ        q = x W_qᵀ,  k = x W_kᵀ,  v = x W_vᵀ
 *
 * `feed-forward.ts` has the equations of the MLP. R turns heads by their position. Keys are turned before they are cached.
 *
 * Norms may also follow attention and MLP, beside those before or instead of them.
 *
 * B batch, T sequence, P past, C width, H heads, K heads of keys and values, D head width.
 */

import { UsageError } from "../../../../errors.ts";
import type { Value } from "../../../../graph/value.ts";
import { multiHeadAttention } from "../../../../nn/attention/attention.ts";
import { dropout, type DropoutMasks } from "../../../../nn/dropout.ts";
import { linear, linearSpec, type LinearSpec, type MatrixSpec } from "../../../../nn/linear.ts";
import {
  offsetRmsNorm,
  offsetRmsNormSpec,
  rmsNorm,
  rmsNormSpec,
  type RmsNormSpec,
} from "../../../../nn/norm.ts";
import type { ParamsOf } from "../../../../nn/params.ts";
import { rotary } from "../../../../nn/attention/rotary.ts";
import { rotaryFrequencies } from "../../../../nn/attention/rotary-frequencies.ts";
import { add, scale } from "../../../../ops/elementwise.ts";
import { concat, reshape, slice } from "../../../../ops/movement.ts";
import type { Decoded, PastAttention } from "../../../model.ts";
import { type ExpertsOptions, type FeedForwardSpec, feedForward } from "./feed-forward.ts";
import type { RotaryDecoderConfig } from "./rotary-config.ts";

/** What an architecture has besides; nothing by default. */
export interface RotaryBlockOptions {
  /** The name of the MLP's activation. */
  readonly activation: string;
  /** Which linear maps have biases. */
  readonly biases?: {
    readonly qkv?: boolean;
    readonly attentionOutput?: boolean;
    readonly mlp?: boolean;
  };
  /** Whether the maps to queries, keys and values are one matrix, and those to gate and up another. */
  readonly fused?: boolean;
  /** What of queries and of keys is normalised before it is turned: each head, or all heads as one vector. */
  readonly queryKeyNorm?: "each head" | "all heads";
  /** Where the norms are: before attention and MLP, which is the default, after them, or both. */
  readonly norms?: "before" | "after" | "both";
  /** Whether norms multiply by 1 + weight. */
  readonly offsetNorm?: boolean;
  /** The factor of the scores, 1 / √D by default. */
  readonly scoreScale?: number;
  readonly scoreSoftcap?: number | undefined;
  /** The experts that stand for the MLP, where it has some. */
  readonly experts?: ExpertsOptions | undefined;
  /** The factor of what attention and MLP add to x, 1 by default. */
  readonly residualScale?: number;
}

type Linear = MatrixSpec | LinearSpec;

type QkvSpec =
  | { readonly q_proj: Linear; readonly k_proj: Linear; readonly v_proj: Linear }
  | { readonly qkv_proj: Linear };

export type RotaryBlockSpec = {
  readonly input_layernorm?: RmsNormSpec;
  readonly self_attn: QkvSpec & {
    readonly o_proj: Linear;
    readonly q_norm?: RmsNormSpec;
    readonly k_norm?: RmsNormSpec;
  };
  /** Before the MLP; where there are norms after, after the attention. */
  readonly post_attention_layernorm: RmsNormSpec;
  readonly pre_feedforward_layernorm?: RmsNormSpec;
  readonly post_feedforward_layernorm?: RmsNormSpec;
  readonly mlp: FeedForwardSpec;
};

type BlockParams = ParamsOf<RotaryBlockSpec>;

export interface RotaryBlockContext {
  /** [B, T] or [1, T], int32; absent where nothing is turned. */
  readonly positions?: Value | undefined;
  /** Added to the scores, [T, T], or with a past [B, 1, T, P + T]. */
  readonly bias: Value;
  readonly past?: PastAttention;
  readonly masks?: DropoutMasks | undefined;
}

export interface RotaryBlock {
  readonly specs: RotaryBlockSpec;
  /** K D, the width of cached keys. */
  readonly cacheWidth: number;
  /** K */
  readonly cacheHeads: number;
  /** [B, T, C] to [B, T, C]. */
  forward(x: Value, p: BlockParams, context: RotaryBlockContext): Required<Decoded>;
}

/**
 * The block of a config, the same function for all layers.
 *
 * @throws {UsageError} if the numbers of heads do not fit, or the rotation lacks a number.
 */
export function rotaryBlock(config: RotaryDecoderConfig, options: RotaryBlockOptions): RotaryBlock {
  const { heads, kvHeads, headWidth } = headsOf(config);
  const frequencies = rotaryFrequencies(config);
  const ffn = feedForward({
    width: config.hidden_size,
    inner: config.intermediate_size,
    deviation: config.initializer_range,
    activation: options.activation,
    bias: options.biases?.mlp ?? false,
    fused: options.fused ?? false,
    experts: options.experts,
  });
  const { norm } = normOf(config, options);

  /** Queries or keys of so many heads, [B, T, H D]. */
  function normalize(x: Value, count: number, p: ParamsOf<RmsNormSpec>): Value {
    if (options.queryKeyNorm === "all heads") return norm(x, p);
    const [batch = 0, length = 0] = x.shape;
    const separate = reshape(x, [batch, length, count, headWidth]); // [B, T, H, D]
    return reshape(norm(separate, p), x.shape);
  }

  /** Queries or keys of so many heads, turned by their positions, [B, T, H D]. */
  function turn(x: Value, count: number, positions?: Value, p?: ParamsOf<RmsNormSpec>): Value {
    const normalized = p ? normalize(x, count, p) : x;
    if (!positions) return normalized;
    return rotary(normalized, positions, { heads: count, ...frequencies });
  }

  /** Queries [B, T, H D], and keys and values [B, T, K D], as they are mapped. */
  function qkvOf(x: Value, p: BlockParams["self_attn"]) {
    if (!("qkv_proj" in p)) {
      return { q: linear(x, p.q_proj), keys: linear(x, p.k_proj), values: linear(x, p.v_proj) };
    }
    const all = linear(x, p.qkv_proj); // [B, T, (H + 2 K) D]
    const part = (from: number, count: number) =>
      slice(all, { axis: 2, start: from * headWidth, end: (from + count) * headWidth });
    return {
      q: part(0, heads),
      keys: part(heads, kvHeads),
      values: part(heads + kvHeads, kvHeads),
    };
  }

  /** Self-attention, [B, T, C] to [B, T, C]. */
  function attention(
    x: Value,
    p: BlockParams["self_attn"],
    { positions, bias, past, masks }: RotaryBlockContext,
  ): Required<Decoded> {
    const mapped = qkvOf(x, p);
    const q = turn(mapped.q, heads, positions, p.q_norm); // [B, T, H D]
    const keys = turn(mapped.keys, kvHeads, positions, p.k_norm); // [B, T, K D]
    const { values } = mapped; // [B, T, K D]
    const k = past ? concat([past.keys, keys], 1) : keys; // [B, P + T, K D]
    const v = past ? concat([past.values, values], 1) : values; // [B, P + T, K D]
    const mixed = multiHeadAttention(q, k, v, {
      heads,
      kvHeads,
      scale: options.scoreScale ?? headWidth ** -0.5,
      softcap: options.scoreSoftcap,
      bias,
      dropout: (probabilities) => dropout(probabilities, "attn", config.attention_dropout, masks),
    }); // [B, T, H D]
    return { y: linear(mixed, p.o_proj), attention: { keys, values } };
  }

  const normalized = (x: Value, p?: ParamsOf<RmsNormSpec>) => (p ? norm(x, p) : x);

  const { residualScale = 1 } = options;
  const residual = (x: Value, y: Value) =>
    add(x, residualScale === 1 ? y : scale(y, residualScale));

  return {
    specs: specsOf(config, options, ffn.specs),
    cacheWidth: kvHeads * headWidth,
    cacheHeads: kvHeads,
    forward(x, p, context) {
      const { post_attention_layernorm: middle, post_feedforward_layernorm: last } = p;
      // The one in the middle follows attention where another one follows the MLP.
      const beforeMlp = last ? p.pre_feedforward_layernorm : middle;
      const attended = attention(normalized(x, p.input_layernorm), p.self_attn, context);
      x = residual(x, normalized(attended.y, last && middle));
      const expanded = ffn.forward(normalized(x, beforeMlp), p.mlp);
      x = residual(x, normalized(expanded, last));
      return { y: x, attention: attended.attention };
    },
  };
}

/** Root mean square norms of an architecture. */
export function normOf(
  { rms_norm_eps: eps }: Pick<RotaryDecoderConfig, "rms_norm_eps">,
  { offsetNorm = false }: Pick<RotaryBlockOptions, "offsetNorm">,
): {
  readonly spec: (width: number) => RmsNormSpec;
  readonly norm: (x: Value, p: ParamsOf<RmsNormSpec>) => Value;
} {
  const [spec, norm] = offsetNorm ? [offsetRmsNormSpec, offsetRmsNorm] : [rmsNormSpec, rmsNorm];
  return { spec, norm: (x, p) => norm(x, p, eps) };
}

function specsOf(
  config: RotaryDecoderConfig,
  options: RotaryBlockOptions,
  mlp: FeedForwardSpec,
): RotaryBlockSpec {
  const { hidden_size: c, initializer_range: deviation } = config;
  const { heads, kvHeads, headWidth } = headsOf(config);
  const { biases = {}, fused = false, queryKeyNorm, norms = "before" } = options;
  const { spec } = normOf(config, options);
  const map = (from: number, to: number, bias = false) => linearSpec({ from, to, deviation, bias });
  const normOfHeads = (count: number) =>
    spec(queryKeyNorm === "each head" ? headWidth : count * headWidth);
  return {
    ...(norms !== "after" && { input_layernorm: spec(c) }),
    self_attn: {
      ...(fused
        ? { qkv_proj: map(c, (heads + 2 * kvHeads) * headWidth, biases.qkv) }
        : {
            q_proj: map(c, heads * headWidth, biases.qkv),
            k_proj: map(c, kvHeads * headWidth, biases.qkv),
            v_proj: map(c, kvHeads * headWidth, biases.qkv),
          }),
      o_proj: map(heads * headWidth, c, biases.attentionOutput),
      ...(queryKeyNorm && { q_norm: normOfHeads(heads), k_norm: normOfHeads(kvHeads) }),
    },
    post_attention_layernorm: spec(c),
    ...(norms === "both" && { pre_feedforward_layernorm: spec(c) }),
    ...(norms !== "before" && { post_feedforward_layernorm: spec(c) }),
    mlp,
  };
}

/** H, K and D. @throws {UsageError} if they do not fit. */
function headsOf({
  model_type: type,
  hidden_size: width,
  num_attention_heads: heads,
  num_key_value_heads: kvHeads,
  head_dim: headWidth,
}: RotaryDecoderConfig): {
  readonly heads: number;
  readonly kvHeads: number;
  readonly headWidth: number;
} {
  const found = { heads, kvHeads: kvHeads ?? heads, headWidth: headWidth ?? width / heads };
  const refuse = (what: string) => new UsageError(`${type} config: ${what}`);
  if (!Number.isInteger(found.headWidth)) {
    throw refuse(`hidden_size must be divisible by num_attention_heads; got ${width} and ${heads}`);
  }
  if (found.headWidth % 2 !== 0) {
    throw refuse(`head_dim must be even, to be turned; got ${found.headWidth}`);
  }
  if (heads % found.kvHeads !== 0) {
    throw refuse(
      `num_attention_heads must be divisible by num_key_value_heads; got ${heads} and ${found.kvHeads}`,
    );
  }
  return found;
}
