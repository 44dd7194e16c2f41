/**
 * @file Keys and values of the tokens that a batch of sequences has read.
 *
 * Sequence b owns the first `lengths[b]` of the P slots of its row, so that sequences of unequal
 * length need no padding here. What is in the other slots must be masked.
 */

import { float32, type HostTensor } from "../tensor/host-tensor.ts";

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
}

/**
 * An empty cache for B sequences.
 *
 * @param widths - W by the names of the keys and values: elements of one over all heads
 */
export function attentionCache(widths: ReadonlyMap<string, number>, batch: number): AttentionCache {
  const lengths = Array.from({ length: batch }, () => 0);
  const arrays = new Map([...widths.keys()].map((name) => [name, new Float32Array()]));
  const widthOf = (name: string) => widths.get(name) ?? 0;
  let capacity = 0;

  return {
    lengths,

    get capacity() {
      return capacity;
    },

    get tensors() {
      return new Map(
        [...arrays].map(([name, array]) => [
          name,
          float32([batch, capacity, widthOf(name)], array),
        ]),
      );
    },

    reserve(wanted) {
      if (wanted <= capacity) return;
      for (const [name, array] of arrays) {
        const width = widthOf(name);
        const larger = new Float32Array(batch * wanted * width);
        for (const [b, length] of lengths.entries()) {
          const start = b * capacity * width;
          larger.set(array.subarray(start, start + length * width), b * wanted * width);
        }
        arrays.set(name, larger);
      }
      capacity = wanted;
    },

    append(fresh, counts) {
      for (const [name, rows] of fresh) {
        const width = widthOf(name);
        const stride = rows.length / batch;
        for (const [b, count] of counts.entries()) {
          const end = (b + 1) * stride;
          const slot = (b * capacity + (lengths[b] ?? 0)) * width;
          arrays.get(name)?.set(rows.subarray(end - count * width, end), slot);
        }
      }
      for (const [b, count] of counts.entries()) lengths[b] = (lengths[b] ?? 0) + count;
    },
  };
}
