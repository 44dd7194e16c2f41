/**
 * @file Biases that hide keys from queries: 0 where attention may go, -10⁹ where not. They
 * broadcast to [B, H, T, S] and add up.
 *
 *   causal     key ≤ query
 *   sliding    query - window < key ≤ query        Beltagy et al., 2020, arXiv:2004.05150
 *   nearby     |key - query| ≤ reach
 *   padding    mask[key] ≠ 0
 *
 * B batch, T query length, S key length.
 */

import { constant, scalarLike, type Value } from "../../graph/value.ts";
import { equal, less, shift, where } from "../../ops/elementwise.ts";
import { reshape } from "../../ops/movement.ts";
import { int32 } from "../../tensor/host-tensor.ts";
import { dimAt } from "../../tensor/shape.ts";

/** Far below any score, far from overflow. */
export const FORBIDDEN = -1e9;

/** A bias that forbids positions after the query's own, [T, T]. */
export const causalBias = (like: Value, length: number): Value => {
  const { queries, keys } = range(length);
  return forbidLater(like, queries, keys);
};

/** A bias that lets a query see itself and the `window - 1` positions before, [T, T]. */
export function slidingBias(like: Value, length: number, window: number): Value {
  const { queries, keys } = range(length);
  return forbidEarlier(forbidLater(like, queries, keys), queries, keys, window);
}

/** Which positions see which. */
export interface PositionBiasOptions {
  /** How many positions a query sees, its own included; all earlier ones by default. */
  readonly window?: number | undefined;
}

/**
 * The causal or sliding bias of positions that are known only when the graph runs.
 *
 * @param queries - [B, T] or [1, T], int32
 * @param keys - [B, S] or [1, S], int32
 * @returns [B, 1, T, S]
 */
export function positionBias(
  like: Value,
  queries: Value,
  keys: Value,
  { window }: PositionBiasOptions = {},
): Value {
  const [batch, length] = [dimAt("bias", queries.shape, 0), dimAt("bias", queries.shape, 1)];
  const rows = reshape(queries, [batch, 1, length, 1]);
  const columns = asColumns(keys);
  const bias = forbidLater(like, rows, columns);
  return window === undefined ? bias : forbidEarlier(bias, rows, columns, window);
}

/**
 * A bias that lets a query see the positions that are at most `reach` away, before and after.
 *
 * @param positions - of queries and keys, [B, T] or [1, T], int32
 * @returns [B, 1, T, T]
 */
export function nearbyBias(like: Value, positions: Value, reach: number): Value {
  const [batch, length] = [dimAt("bias", positions.shape, 0), dimAt("bias", positions.shape, 1)];
  const rows = reshape(positions, [batch, 1, length, 1]);
  const columns = asColumns(positions);
  const bias = forbidLater(like, shift(rows, reach), columns);
  return forbidEarlier(bias, rows, columns, reach + 1);
}

/**
 * A bias that forbids padding.
 *
 * @param mask - [B, S], int32: 0 at padding, 1 at tokens
 * @returns [B, 1, 1, S]
 */
export function paddingBias(like: Value, mask: Value): Value {
  const columns = asColumns(mask);
  const isPadding = equal(columns, scalarLike(mask, 0));
  return where(isPadding, scalarLike(like, FORBIDDEN), scalarLike(like, 0));
}

const forbidLater = (like: Value, queries: Value, keys: Value): Value =>
  where(less(queries, keys), scalarLike(like, FORBIDDEN), scalarLike(like, 0));

const forbidEarlier = (bias: Value, queries: Value, keys: Value, window: number): Value =>
  where(less(keys, shift(queries, 1 - window)), scalarLike(bias, FORBIDDEN), bias);

/** [B, S] to [B, 1, 1, S]. */
const asColumns = (x: Value): Value =>
  reshape(x, [dimAt("bias", x.shape, 0), 1, 1, dimAt("bias", x.shape, 1)]);

/** Positions 0 to `length - 1` as rows [T, 1] and as columns [1, T]. */
function range(length: number): { readonly queries: Value; readonly keys: Value } {
  const positions = Int32Array.from({ length }, (_, i) => i);
  return {
    queries: constant(int32([length, 1], positions)),
    keys: constant(int32([1, length], positions)),
  };
}
