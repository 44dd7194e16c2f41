/**
 * @file Multi-head scaled dot-product attention: Vaswani et al., 2017, arXiv:1706.03762.
 *
 *   attention(q, k, v) = softmax(cap(s q kᵀ) + bias) v           for each head
 *   s = 1 / √D,   cap(x) = x, or c tanh(x / c) as in Gemma 2, 2024, arXiv:2408.00118
 *
 * Fewer heads of keys and values than of queries serve groups of G = H / K heads: Ainslie et al.,
 * 2023, arXiv:2305.13245.
 *
 * B batch, T query length, S key length, D head width, H heads, K heads of keys and values. B, T
 * and S may be names.
 */

import { ShapeError } from "../../errors.ts";
import type { Value } from "../../graph/value.ts";
import { add, scale, tanh } from "../../ops/elementwise.ts";
import { matmul } from "../../ops/matmul.ts";
import { matrixTranspose, reshape, transpose, unsqueeze } from "../../ops/movement.ts";
import { softmax } from "../../ops/softmax.ts";
import { dimAt } from "../../tensor/shape.ts";

/** The heads of an attention, and what happens to their scores. */
export interface AttentionOptions {
  /** H */
  readonly heads: number;
  /** K, as many as H by default. */
  readonly kvHeads?: number;
  /** s, 1 / √D by default. */
  readonly scale?: number;
  /** c; scores have no cap by default. */
  readonly softcap?: number | undefined;
  /** Added to the scores, broadcast to [B, H, T, S]; where K < H, the same for all heads. */
  readonly bias?: Value;
  /** Applied to the attention probabilities, [B, H, T, S], or [B, K, G, T, S] where K < H. */
  readonly dropout?: (probabilities: Value) => Value;
}

/**
 * Multi-head attention.
 *
 * @param q - [B, T, H D]
 * @param k - [B, S, K D]
 * @param v - [B, S, K D]
 * @returns [B, T, H D]
 * @throws {ShapeError} if heads do not divide a width, K does not divide H, or a bias differs
 *   between the heads of a group.
 */
export function multiHeadAttention(q: Value, k: Value, v: Value, options: AttentionOptions): Value {
  const { heads, kvHeads = heads, bias, softcap, dropout = (p) => p } = options;
  const size = headSize(q, heads);
  if (heads % kvHeads !== 0 || headSize(k, kvHeads) !== size) {
    throw new ShapeError(`attention: ${kvHeads} heads of keys do not serve ${heads} of queries`, {
      q: q.shape,
      k: k.shape,
    });
  }
  const layout = kvHeads === heads ? separateHeads(heads) : groupedHeads(kvHeads, heads / kvHeads);
  const factor = options.scale ?? 1 / Math.sqrt(size);
  const raw = layout.product(
    layout.queries(scaled(q, factor / (softcap ?? 1))), // [B, H, T, D]
    matrixTranspose(layout.keys(k)), // [B, K, D, S]
  ); // [B, H, T, S]
  const scores = softcap === undefined ? raw : scale(tanh(raw), softcap);
  const probabilities = dropout(softmax(bias ? add(scores, layout.bias(bias)) : scores));
  return layout.join(layout.product(probabilities, layout.keys(v))); // [B, T, H D]
}

const scaled = (x: Value, factor: number): Value => (factor === 1 ? x : scale(x, factor));

function headSize(x: Value, heads: number): number {
  const width = Number(dimAt("attention", x.shape, 2));
  if (width % heads === 0) return width / heads;
  throw new ShapeError(`attention: width is not divisible by ${heads} heads`, { q: x.shape });
}

/** How the heads of queries lie beside those of keys. */
interface HeadLayout {
  /** [B, T, H D] to [B, H, T, D]; H may be two axes, K and G. */
  queries(x: Value): Value;
  /** [B, S, K D] to [B, K, S, D], of values too. */
  keys(x: Value): Value;
  /** [B, H, T, X] · [B, K, X, Y] to [B, H, T, Y]. */
  product(a: Value, b: Value): Value;
  /** [B, H, T, D] to [B, T, H D]. */
  join(x: Value): Value;
  /** A bias for [B, H, T, S]. */
  bias(x: Value): Value;
}

/** [B, T, H D] to [B, T, H₁, H₂, …, D], where H = H₁ H₂ …. */
function splitWidth(x: Value, ...heads: readonly number[]): Value {
  const size = headSize(
    x,
    heads.reduce((n, count) => n * count, 1),
  );
  return reshape(x, [...x.shape.slice(0, 2), ...heads, size]);
}

/** [B, T, H₁, H₂, …, D] to [B, T, H D]. */
const joinWidth = (x: Value): Value =>
  reshape(x, [...x.shape.slice(0, 2), x.shape.slice(2).reduce<number>((n, d) => n * Number(d), 1)]);

function separateHeads(heads: number): HeadLayout {
  const split = (x: Value) => transpose(splitWidth(x, heads), [0, 2, 1, 3]);
  return {
    queries: split,
    keys: split,
    product: matmul,
    join: (x) => joinWidth(transpose(x, [0, 2, 1, 3])),
    bias: (x) => x,
  };
}

/** H as two axes, K and G. The queries of a group meet their keys as rows of one matrix. */
function groupedHeads(kvHeads: number, group: number): HeadLayout {
  return {
    queries: (x) => transpose(splitWidth(x, kvHeads, group), [0, 2, 3, 1, 4]), // [B, K, G, T, D]
    keys: (x) => transpose(splitWidth(x, kvHeads), [0, 2, 1, 3]), // [B, K, S, D]
    product(a, b) {
      const [batch = 1, , , rows = 1, inner = 1] = a.shape;
      // A name has no multiple.
      if (typeof rows === "string") return matmul(a, unsqueeze(b, 2));
      const folded = reshape(a, [batch, kvHeads, group * rows, inner]); // [B, K, G T, X]
      const columns = dimAt("attention", b.shape, 3);
      return reshape(matmul(folded, b), [batch, kvHeads, group, rows, columns]);
    },
    join: (x) => joinWidth(transpose(x, [0, 3, 1, 2, 4])),
    bias(x) {
      const rank = x.shape.length;
      if (rank < 3) return x;
      if (x.shape[rank - 3] === 1) return unsqueeze(x, rank - 3);
      throw new ShapeError("attention: grouped heads have the same bias", { bias: x.shape });
    },
  };
}
