/**
 * @file Multi-head scaled dot-product attention: Vaswani et al., 2017, arXiv:1706.03762.
 *
 *   attention(q, k, v) = softmax(q kᵀ / √D + bias) v           for each head
 *
 * B batch, T query length, S key length, C = H D width, H heads.
 */

import { ShapeError } from "../errors.ts";
import { constant, scalarLike, type Value } from "../graph/value.ts";
import { add, less, scale, where } from "../ops/elementwise.ts";
import { matmul } from "../ops/matmul.ts";
import { matrixTranspose, reshape, transpose } from "../ops/movement.ts";
import { softmax } from "../ops/softmax.ts";
import { int32 } from "../tensor/host-tensor.ts";
import { staticShape } from "../tensor/shape.ts";

/** Far below any score, far from overflow. */
const FORBIDDEN = -1e9;

export interface AttentionOptions {
  readonly heads: number;
  /** Added to the scores, broadcast to [B, H, T, S]. */
  readonly bias?: Value;
  /** Applied to the attention probabilities, [B, H, T, S]. */
  readonly dropout?: (probabilities: Value) => Value;
}

/**
 * Multi-head attention.
 *
 * @param q - [B, T, C]
 * @param k - [B, S, C]
 * @param v - [B, S, C]
 * @returns [B, T, C]
 * @throws {ShapeError} if C is not divisible by the number of heads.
 */
export function multiHeadAttention(
  q: Value,
  k: Value,
  v: Value,
  { heads, bias, dropout = (p) => p }: AttentionOptions,
): Value {
  const [batch = 0, length = 0, width = 0] = staticShape("attention", q.shape);
  if (width % heads !== 0) {
    throw new ShapeError(`attention: width is not divisible by ${heads} heads`, { q: q.shape });
  }
  const root = Math.sqrt(width / heads);
  const scores = matmul(
    splitHeads(scale(q, 1 / root), heads), // [B, H, T, D]
    matrixTranspose(splitHeads(k, heads)), // [B, H, D, S]
  ); // [B, H, T, S]
  const probabilities = dropout(softmax(bias ? add(scores, bias) : scores)); // [B, H, T, S]
  const mixed = matmul(probabilities, splitHeads(v, heads)); // [B, H, T, D]
  return reshape(transpose(mixed, [0, 2, 1, 3]), [batch, length, width]); // [B, T, C]
}

/** [B, T, C] to [B, H, T, D]. */
function splitHeads(x: Value, heads: number): Value {
  const [batch = 0, length = 0, width = 0] = staticShape("attention", x.shape);
  return transpose(reshape(x, [batch, length, heads, width / heads]), [0, 2, 1, 3]);
}

/** A bias that forbids positions after the query's own, [T, T]. */
export function causalBias(like: Value, length: number): Value {
  const positions = Int32Array.from({ length }, (_, i) => i);
  const query = constant(int32([length, 1], positions));
  const key = constant(int32([1, length], positions));
  return where(less(query, key), scalarLike(like, FORBIDDEN), scalarLike(like, 0));
}
