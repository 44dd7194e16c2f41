/**
 * @file Keys and values of the tokens that a batch of sequences has read.
 *
 * Sequence b owns the first `lengths[b]` of the P slots of its row, so that sequences of unequal
 * length need no padding here. What is in the other slots must be masked.
 */

import { float32, type HostTensor } from "../../tensor/host-tensor.ts";

export interface AttentionCache {
  /** Tokens read, per sequence. */
  readonly lengths: readonly number[];
  /** P, the slots of each row. */
  readonly capacity: number;
  /** The keys or values of that name, [B, P, W]. */
  readonly tensors: ReadonlyMap<string, HostTensor>;
  /** Makes room for `capacity` slots, if there are fewer. */
  reserve(capacity: number): void;
  /**
   * Appends the last `counts[b]` of T new tokens to each sequence, in slots that were reserved.
   *
   * @param fresh - the new keys or values of every name, [B, T, W]
   */
  append(fresh: ReadonlyMap<string, Float32Array>, counts: readonly number[]): void;
  /**
   * Goes on with those rows, in this order; of as many as before, only those that move are copied.
   */
  select(rows: readonly number[]): void;
}

/**
 * An empty cache for B sequences.
 *
 * @param widths - W by the names of the keys and values: elements of one over all heads
 */
export function attentionCache(widths: ReadonlyMap<string, number>, batch: number): AttentionCache {
  const arrays = new Map([...widths.keys()].map((name) => [name, new Float32Array()]));
  const widthOf = (name: string) => widths.get(name) ?? 0;
  let lengths: readonly number[] = Array.from({ length: batch }, () => 0);
  let capacity = 0;

  /** The slots of a row that are in use. */
  const used = (array: Float32Array, name: string, row: number) => {
    const width = widthOf(name);
    const start = row * capacity * width;
    return array.subarray(start, start + (lengths[row] ?? 0) * width);
  };

  return {
    get lengths() {
      return lengths;
    },

    get capacity() {
      return capacity;
    },

    get tensors() {
      return new Map(
        [...arrays].map(([name, array]) => [
          name,
          float32([lengths.length, capacity, widthOf(name)], array),
        ]),
      );
    },

    reserve(wanted) {
      if (wanted <= capacity) return;
      for (const [name, array] of arrays) {
        const stride = wanted * widthOf(name);
        const larger = new Float32Array(lengths.length * stride);
        for (const row of lengths.keys()) larger.set(used(array, name, row), row * stride);
        arrays.set(name, larger);
      }
      capacity = wanted;
    },

    append(fresh, counts) {
      for (const [name, rows] of fresh) {
        const width = widthOf(name);
        const stride = rows.length / lengths.length;
        for (const [b, count] of counts.entries()) {
          const end = (b + 1) * stride;
          const slot = (b * capacity + (lengths[b] ?? 0)) * width;
          arrays.get(name)?.set(rows.subarray(end - count * width, end), slot);
        }
      }
      lengths = lengths.map((length, b) => length + (counts[b] ?? 0));
    },

    select(rows) {
      const isInPlace = rows.length === lengths.length;
      const moves = [...rows.entries()].filter(([to, from]) => !isInPlace || to !== from);
      const targets = new Set(moves.map(([to]) => to));
      for (const [name, array] of arrays) {
        const stride = capacity * widthOf(name);
        const target = isInPlace ? array : new Float32Array(rows.length * stride);
        const sources = new Map(
          moves.map(([, from]) => {
            const row = used(array, name, from);
            // In place, a row may be overwritten before it is read.
            return [from, isInPlace && targets.has(from) ? row.slice() : row] as const;
          }),
        );
        for (const [to, from] of moves) target.set(sources.get(from) ?? [], to * stride);
        arrays.set(name, target);
      }
      lengths = rows.map((row) => lengths[row] ?? 0);
    },
  };
}
