/**
 * @file Attention biases by relative position, shared by distances of similar size: Raffel et al., "Exploring the Limits of Transfer
 * Learning with a Unified Text-to-Text Transformer", JMLR 21, 2020, arXiv:1910.10683, section 2.1, and its reference code.
 *
 *   bias[h, t, s] = table[bucket(s - t), h]
 *   bucket(-d) = d                                                 for d < E = N / 2
 *              = min(N - 1, E + ⌊(N - E) log(d / E) / log(M / E)⌋)    for d ≥ E, where M is the largest distance told apart
 *
 * for queries that see no later keys. Those that do have N / 2 of the buckets for keys before them and N / 2 for keys after.
 *
 * B batch, T query length, S key length, H heads, N buckets.
 */

import { constant, scalarLike, type Value } from "../../graph/value.ts";
import { max, min, shift, sub } from "../../ops/elementwise.ts";
import { gather } from "../../ops/indexing.ts";
import { reshape, transpose } from "../../ops/movement.ts";
import { int32 } from "../../tensor/host-tensor.ts";
import { dimAt } from "../../tensor/shape.ts";

/** How distances are put into buckets. */
export interface RelativeBuckets {
  /** N */
  readonly buckets: number;
  /** M: this distance and all larger ones share a bucket. */
  readonly maxDistance: number;
  /** Whether queries see later keys too. */
  readonly bidirectional: boolean;
}

/** The bucket of a key `offset` positions after the query. */
export function relativeBucket(
  offset: number,
  { buckets, maxDistance, bidirectional }: RelativeBuckets,
): number {
  if (!bidirectional) return distanceBucket(Math.max(0, -offset), buckets, maxDistance);
  const half = Math.floor(buckets / 2);
  return (offset > 0 ? half : 0) + distanceBucket(Math.abs(offset), half, maxDistance);
}

function distanceBucket(distance: number, buckets: number, maxDistance: number): number {
  const exact = Math.floor(buckets / 2);
  if (distance < exact) return distance;
  const share = Math.log(distance / exact) / Math.log(maxDistance / exact);
  return Math.min(buckets - 1, exact + Math.floor(share * (buckets - exact)));
}

/**
 * The bias of T positions among themselves.
 *
 * @param table - [N, H]
 * @returns [H, T, T]
 */
export function relativeBias(table: Value, length: number, options: RelativeBuckets): Value {
  const buckets = Int32Array.from({ length: length * length }, (_, i) =>
    relativeBucket((i % length) - Math.floor(i / length), options),
  );
  const rows = gather(table, constant(int32([length, length], buckets))); // [T, T, H]
  return transpose(rows, [2, 0, 1]);
}

/**
 * The bias of positions that are known only when the graph runs.
 *
 * @param table - [N, H]
 * @param queries - [B, T], int32
 * @param keys - [B, S], int32
 * @returns [B, H, T, S]
 */
export function relativeBiasAt(
  table: Value,
  queries: Value,
  keys: Value,
  options: RelativeBuckets,
): Value {
  const { maxDistance } = options;
  const [batch, length] = [dimAt("bias", queries.shape, 0), dimAt("bias", queries.shape, 1)];
  const rows = reshape(queries, [batch, length, 1]);
  const columns = reshape(keys, [batch, 1, dimAt("bias", keys.shape, 1)]);
  const limit = scalarLike(keys, maxDistance);
  const offsets = max(min(sub(columns, rows), limit), scalarLike(keys, -maxDistance));
  const buckets = Int32Array.from({ length: 2 * maxDistance + 1 }, (_, i) =>
    relativeBucket(i - maxDistance, options),
  );
  const chosen = gather(constant(int32([buckets.length], buckets)), shift(offsets, maxDistance));
  return transpose(gather(table, chosen), [0, 3, 1, 2]);
}
