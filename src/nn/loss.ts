/**
 * @file Cross-entropy, as a sum over weighted tokens, so that micro-batches of unequal length add up to one big batch.
 *
 *   L = Σ_n w_n (lse_n - z_n[t_n]),   lse_n = log Σ_v e^(z_n[v])
 *
 * Over a large vocabulary the logits z = h Wᵀ are never whole: two passes over chunks of W, the first for lse and the target's
 * logit, the second for the gradients. A chunk knows the rows `start` to `start + size` of W; targets outside it take no part.
 *
 *   first    m' = max(m, max z),  s' = s e^(m - m') + Σ e^(z - m'),  t' = t + z[target]
 *   second   dz = w (e^(z - lse) - onehot(target)),  dh' = dh + dz W,  dW = dzᵀ h,  db = Σ_n dz_n
 *
 * With label smoothing (Szegedy et al., CVPR 2016, arXiv:1512.00567) a share ε of each target is spread over all V classes: z[target]
 * becomes (1 - ε) z[target] + ε/V Σ z, and onehot(target) becomes (1 - ε) onehot(target) + ε/V.
 *
 * A target may be several tokens, each a share q of it that adds up to 1, as a teacher has them (Hinton, Vinyals & Dean, 2015,
 * arXiv:1503.02531): z[target] becomes Σ_j q_j z[target_j], and onehot(target) Σ_j q_j onehot(target_j).
 *
 * Logits may have a bias, z = h Wᵀ + b, and a cap c, z = c tanh((h Wᵀ + b) / c), through which dz goes as dz (1 - (z / c)²).
 */

import { vjp } from "../autodiff/index.ts";
import type { Tensors } from "../graph/tensors.ts";
import { scalarLike, type Value } from "../graph/value.ts";
import {
  add,
  cast,
  equal,
  exp,
  log,
  max,
  min,
  mul,
  scale,
  shift,
  sub,
  tanh,
} from "../ops/elementwise.ts";
import { gatherElements, scatterElementsAdd } from "../ops/indexing.ts";
import { matmul } from "../ops/matmul.ts";
import { matrixTranspose, reshape } from "../ops/movement.ts";
import { reduceMax, reduceSum } from "../ops/reduce.ts";
import { dimAt } from "../tensor/shape.ts";

/** Exponents below this contribute nothing in float32, and their exponentials would be denormal. */
const LOWEST_EXPONENT = -60;

const rowwise = { axes: [-1], keepDims: true } as const;
const boundedExp = (x: Value): Value => exp(max(x, scalarLike(x, LOWEST_EXPONENT)));

/** log Σ e^x over the last axis, which is kept with size 1. */
export function logSumExp(x: Value): Value {
  const peak = reduceMax(x, rowwise);
  return add(log(reduceSum(exp(sub(x, peak)), rowwise)), peak);
}

/**
 * The weighted sum of token losses.
 *
 * @param logits - [N, V]
 * @param targets - [N], int32
 * @param weights - [N]
 * @returns a scalar
 */
export function crossEntropy(logits: Value, targets: Value, weights: Value): Value {
  const rows = dimAt("crossEntropy", logits.shape, 0);
  const chosen = gatherElements(logits, reshape(targets, [rows, 1]), 1);
  return reduceSum(mul(reshape(sub(logSumExp(logits), chosen), [rows]), weights));
}

/** Running statistics of each row's logits, all [N, 1]: largest, Σ e^(z - largest), the target's, or its smoothed form. */
export interface LogitStatistics {
  readonly peak: Value;
  readonly sum: Value;
  readonly target: Value;
}

/** What logits are made of. */
export interface LogitParts {
  /** [N, C] */
  readonly hidden: Value;
  /** Rows of the output embedding, [V', C]. */
  readonly weight: Value;
  /** [V'] */
  readonly bias?: Value | undefined;
  readonly softcap?: number | undefined;
  /** What h Wᵀ becomes before the bias is added. */
  readonly adapter?: LogitAdapter | undefined;
}

/** An addition to h Wᵀ with parameters of its own. */
export interface LogitAdapter {
  readonly params: Tensors;
  adapt(product: Value, hidden: Value, weight: Value, params: Tensors): Value;
}

/** [N, V'] */
export function logitsOf({ bias, softcap, ...parts }: LogitParts): Value {
  const product = productOf(parts);
  const logits = bias ? add(product, bias) : product;
  return softcap === undefined ? logits : scale(tanh(scale(logits, 1 / softcap)), softcap);
}

/** h Wᵀ with what is added to it, [N, V']. */
function productOf({ hidden, weight, adapter }: LogitParts): Value {
  const product = matmul(hidden, matrixTranspose(weight)); // [N, V']
  return adapter ? adapter.adapt(product, hidden, weight, adapter.params) : product;
}

/** What of a target goes to other classes. */
export interface Smoothing {
  /** ε, from 0 to 1. */
  readonly share: number;
  /** V, those of all chunks. */
  readonly classes: number;
}

export interface VocabularyChunk extends LogitParts {
  /** Targets relative to the first row of the chunk, [N, K], int32; any value outside means another chunk's. */
  readonly targets: Value;
  /** What of a target each of its K tokens is, [N, K]; the only one is all of it if absent. */
  readonly shares?: Value | undefined;
  readonly smoothing?: Smoothing | undefined;
  /** [N, V'], where they are known already. */
  readonly logits?: Value;
}

/** The first pass: statistics that include this chunk. */
export function chunkStatistics(chunk: VocabularyChunk, before: LogitStatistics): LogitStatistics {
  const logits = chunk.logits ?? logitsOf(chunk); // [N, V']
  const { index, inside } = localTargets(chunk);
  const peak = max(before.peak, reduceMax(logits, rowwise));
  const rescaled = mul(before.sum, boundedExp(sub(before.peak, peak)));
  const sum = add(rescaled, reduceSum(boundedExp(sub(logits, peak)), rowwise));
  const each = mul(gatherElements(logits, index, 1), inside); // [N, K]
  const { shares, smoothing } = chunk;
  const chosen = shares ? reduceSum(each, rowwise) : each; // [N, 1]
  if (!smoothing) return { peak, sum, target: add(before.target, chosen) };
  const spread = scale(reduceSum(logits, rowwise), smoothing.share / smoothing.classes);
  const target = add(scale(chosen, 1 - smoothing.share), spread); // [N, 1]
  return { peak, sum, target: add(before.target, target) };
}

/** The sum of weighted token losses, from the statistics of the whole vocabulary; `weights` is [N, 1]. */
export const lossOf = ({ peak, sum, target }: LogitStatistics, weights: Value): Value =>
  reduceSum(mul(sub(add(log(sum), peak), target), weights));

/** The log-probability of each target, [N, 1]. */
export const logProbabilities = ({ peak, sum, target }: LogitStatistics): Value =>
  sub(target, add(log(sum), peak));

/** How many targets have the largest logit, by their weights. */
export const correctOf = ({ peak, target }: LogitStatistics, weights: Value): Value =>
  reduceSum(mul(cast(equal(peak, target), weights.dtype), weights));

/**
 * The second pass: the chunk's gradients, for a loss whose cotangent is 1.
 *
 * @returns `dHidden` [N, C], to be added up over chunks, `dWeight` [V', C], `dBias` [V'], and those of an adapter's parameters
 */
export function chunkGradients(
  chunk: VocabularyChunk,
  { peak, sum }: Pick<LogitStatistics, "peak" | "sum">,
  weights: Value,
): ChunkGradients {
  const logits = chunk.logits ?? logitsOf(chunk); // [N, V']
  const { index, inside } = localTargets(chunk);
  const probabilities = boundedExp(sub(logits, add(peak, log(sum)))); // [N, V']
  const { share, classes } = chunk.smoothing ?? { share: 0, classes: 1 };
  const spread = share === 0 ? probabilities : shift(probabilities, -share / classes);
  const dCapped = scatterElementsAdd(spread, index, scale(inside, share - 1), 1);
  const dLogits = chunk.softcap === undefined ? dCapped : uncap(dCapped, logits, chunk.softcap);
  // The token weights meet the small factors, not the [N, V'] array.
  return {
    dHidden: mul(matmul(dLogits, chunk.weight), weights),
    dWeight: matmul(matrixTranspose(dLogits), mul(chunk.hidden, weights)),
    dBias: reduceSum(mul(dLogits, weights), { axes: [0] }),
    ...(chunk.adapter && throughAdapter(chunk, chunk.adapter, mul(dLogits, weights))),
  };
}

/** What the second pass leaves of a chunk. */
export interface ChunkGradients {
  readonly dHidden: Value;
  readonly dWeight: Value;
  readonly dBias: Value;
  /** By the names of the adapter's parameters. */
  readonly dAdapter?: Tensors;
}

/** The cotangents of the hidden states and of an adapter's parameters. */
function throughAdapter(
  chunk: VocabularyChunk,
  { params }: LogitAdapter,
  dLogits: Value,
): Pick<ChunkGradients, "dAdapter" | "dHidden"> {
  const names = Object.keys(params);
  const [dHidden = chunk.hidden, ...own] = vjp(
    [productOf(chunk)],
    [dLogits],
    [chunk.hidden, ...Object.values(params)],
  );
  const dAdapter = names.flatMap((name, i) => {
    const gradient = own[i];
    return gradient ? [[name, gradient] as const] : [];
  });
  return { dHidden, dAdapter: Object.fromEntries(dAdapter) };
}

/** dz (1 - (z / c)²) */
function uncap(dy: Value, capped: Value, softcap: number): Value {
  const share = scale(capped, 1 / softcap);
  return mul(dy, sub(scalarLike(dy, 1), mul(share, share)));
}

/** Each target as a column of the chunk, and its share where it is one, else 0; both [N, K]. */
function localTargets({ targets, shares, weight, hidden }: VocabularyChunk): {
  index: Value;
  inside: Value;
} {
  const last = scalarLike(targets, Number(dimAt("chunk", weight.shape, 0)) - 1);
  const index = max(min(targets, last), scalarLike(targets, 0));
  const inside = cast(equal(index, targets), hidden.dtype);
  return { index, inside: shares ? mul(inside, shares) : inside };
}
