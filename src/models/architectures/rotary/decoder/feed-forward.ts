/**
 * @file The feed-forward network of decoders with a rotary embedding, alone or as one of several experts: Shazeer et al., "Outrageously
 * Large Neural Networks", ICLR 2017, arXiv:1701.06538; Fedus, Zoph & Shazeer, JMLR 2022, arXiv:2101.03961.
 *
 *   mlp(x) = (act(x W_gateᵀ) ⊙ x W_upᵀ) W_downᵀ
 *
 *   p = softmax(x W_routerᵀ)
 *   w_e = p_e for the k largest, else 0;  or divided by their sum
 *   y = Σ_e w_e mlp_e(x)
 *
 * Every expert computes every token, and most are multiplied by 0: shapes are known before a graph runs, and how many tokens an
 * expert has is not. Time is that of all experts; numbers and gradients are those of the k.
 *
 * N tokens, C width, F inner width, E experts, k of them a token.
 */

import { UsageError } from "../../../../errors.ts";
import type { Value } from "../../../../graph/value.ts";
import { type Activation, activationOf } from "../../../../nn/activation.ts";
import { linear, linearSpec, type LinearSpec, type MatrixSpec } from "../../../../nn/linear.ts";
import type { ParamsOf } from "../../../../nn/params.ts";
import { add, div, mul, scale } from "../../../../ops/elementwise.ts";
import { gatherElements, largest, scatterElementsAdd } from "../../../../ops/indexing.ts";
import { split } from "../../../../ops/movement.ts";
import { reduceSum } from "../../../../ops/reduce.ts";
import { softmax } from "../../../../ops/softmax.ts";

/** Experts, and who of them is asked. */
export interface ExpertsOptions {
  /** E */
  readonly count: number;
  /** k */
  readonly perToken: number;
  /** F of one of them. */
  readonly inner: number;
  /** Whether the weights of a token's experts add up to 1. */
  readonly normalizes: boolean;
}

export interface FeedForwardOptions {
  /** C */
  readonly width: number;
  /** F */
  readonly inner: number;
  /** Standard deviation of the initial weights. */
  readonly deviation: number;
  /** The name of the activation. */
  readonly activation: string;
  readonly bias: boolean;
  /** Whether the maps to gate and up are one matrix. */
  readonly fused: boolean;
  readonly experts?: ExpertsOptions | undefined;
}

type Linear = MatrixSpec | LinearSpec;

type GatedSpec = (
  | { readonly gate_proj: Linear; readonly up_proj: Linear }
  | { readonly gate_up_proj: Linear }
) & { readonly down_proj: Linear };

type ExpertsSpec = {
  /** The router. */
  readonly gate: MatrixSpec;
  /** By their numbers. */
  readonly experts: { readonly [expert: string]: GatedSpec };
};

export type FeedForwardSpec = GatedSpec | ExpertsSpec;

export interface FeedForward {
  readonly specs: FeedForwardSpec;
  /** [B, T, C] to [B, T, C]. */
  readonly forward: (x: Value, p: ParamsOf<FeedForwardSpec>) => Value;
}

/** The network of some options. @throws {UsageError} if a token is to have more experts than there are. */
export function feedForward(options: FeedForwardOptions): FeedForward {
  const { experts } = options;
  const activation = activationOf(options.activation);
  if (experts && experts.perToken > experts.count) {
    const { perToken, count } = experts;
    throw new UsageError(
      `num_experts_per_tok: must be at most the number of experts, ${count}; got ${perToken}`,
    );
  }
  return {
    specs: experts ? expertsSpec(options, experts) : gatedSpec(options, options.inner),
    forward(x, p) {
      if (!("experts" in p)) return linear(gated(x, p, activation), p.down_proj);
      if (!experts) throw new Error("internal: experts of which nothing is known");
      return mixture(x, p, activation, experts);
    },
  };
}

function gatedSpec(
  { width: c, deviation, bias, fused }: FeedForwardOptions,
  inner: number,
): GatedSpec {
  const map = (from: number, to: number) => linearSpec({ from, to, deviation, bias });
  const down_proj = map(inner, c);
  return fused
    ? { gate_up_proj: map(c, 2 * inner), down_proj }
    : { gate_proj: map(c, inner), up_proj: map(c, inner), down_proj };
}

function expertsSpec(options: FeedForwardOptions, { count, inner }: ExpertsOptions): ExpertsSpec {
  const { width: from, deviation } = options;
  const experts = Array.from({ length: count }, () => gatedSpec(options, inner));
  return {
    gate: linearSpec({ from, to: count, deviation }),
    experts: Object.fromEntries(experts.entries()),
  };
}

/** act(x W_gateᵀ) ⊙ x W_upᵀ, [B, T, C] to [B, T, F]. */
function gated(x: Value, p: ParamsOf<GatedSpec>, activation: Activation): Value {
  const [gate, up] =
    "gate_up_proj" in p
      ? split(linear(x, p.gate_up_proj), 2)
      : [linear(x, p.gate_proj), linear(x, p.up_proj)]; // [B, T, F]
  if (!gate || !up) throw new Error("internal: two parts expected");
  return mul(activation(gate), up);
}

/** What the experts of each token add up to, [B, T, C] to [B, T, C]. */
function mixture(
  x: Value,
  { gate, experts }: ParamsOf<ExpertsSpec>,
  activation: Activation,
  options: ExpertsOptions,
): Value {
  const shares = split(routing(linear(x, gate), options), options.count); // E of [B, T, 1]
  const parts = shares.map((share, expert) => {
    const p = experts[String(expert)];
    if (!p) throw new Error(`internal: no expert ${expert}`);
    // The map down is linear: what it reads is narrower than what it makes.
    return linear(mul(gated(x, p, activation), share), p.down_proj);
  });
  return parts.reduce((sum, part) => add(sum, part));
}

/** How much each expert counts, 0 for most: from logits [B, T, E] to [B, T, E]. */
function routing(logits: Value, { perToken, normalizes }: ExpertsOptions): Value {
  const p = softmax(logits);
  const chosen = largest(p, perToken); // [B, T, k]
  const weights = gatherElements(p, chosen, -1); // [B, T, k]
  const sum = reduceSum(weights, { axes: [-1], keepDims: true }); // [B, T, 1]
  const shares = normalizes ? div(weights, sum) : weights;
  return scatterElementsAdd(scale(p, 0), chosen, shares, -1);
}
