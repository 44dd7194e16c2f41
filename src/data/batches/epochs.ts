/**
 * @file The order in which examples are trained on: each once an epoch, in batches of examples of similar size.
 *
 * The order of epoch e depends on the key and e alone, so that the position (the number of batches taken) is all that a run must
 * save to go on.
 */

import { UsageError } from "../../errors.ts";
import type { Batch, BatchSource } from "../../models/batch.ts";
import { foldIn, type Key } from "../../random/key.ts";
import type { Order } from "./mixed-order.ts";
import { permutation } from "./permutation.ts";

/** Examples in batches, in another order every epoch, with random access. */
export interface Epochs<T> {
  readonly batchesPerEpoch: number;
  /** The examples of the batch at a position from 0 on, whatever was asked for before. */
  at(position: number): readonly T[];
}

/** How examples are put into batches. */
export interface EpochOptions<T> {
  readonly batchSize: number;
  readonly key: Key;
  /** Which examples an epoch draws; each once by default. */
  readonly order?: Order | undefined;
  /** The order of examples by size. */
  readonly compare: (a: T, b: T) => number;
}

/** The examples of the batch at a position, of which `at` has those at all positions, or what they are read by. */
export type Taking<T, R = T> = (
  position: number,
  at: (position: number) => readonly T[],
) => readonly R[];

/** Takes batches out of steps of so many micro-batches: what is needed for a step is read at once, when the first of them is asked for. */
export function takenInSteps<T, R>(
  microSteps: number,
  read: (wanted: readonly T[]) => readonly R[],
): Taking<T, R> {
  let last = -1;
  let batches: readonly (readonly R[])[] = [];
  return (position, at) => {
    const step = Math.floor(position / microSteps);
    if (step !== last) {
      const wanted = Array.from({ length: microSteps }, (_, i) => at(step * microSteps + i));
      batches = cutAs(wanted, read(wanted.flat()));
      last = step;
    }
    return batches[position % microSteps] ?? [];
  };
}

/** A list in parts that are as long as others. */
export function cutAs<T>(
  parts: readonly (readonly unknown[])[],
  all: readonly T[],
): readonly (readonly T[])[] {
  let start = 0;
  return parts.map(({ length }) => all.slice(start, (start += length)));
}

/** Where examples come from. */
export interface Taken<T> {
  /** Of a batch, if other ranks have some, of which only the lengths are known; all are here if absent. */
  readonly take?: Taking<T> | undefined;
}

/** Batches of epochs. */
export function batchesOf<T>(
  { batchesPerEpoch, at }: Epochs<T>,
  assemble: (rows: readonly T[], position: number) => Batch,
  take: Taking<T> | undefined,
): BatchSource {
  if (!take) return { batchesPerEpoch, batchAt: (position) => assemble(at(position), position) };
  return {
    batchesPerEpoch,
    fetch: (position) => void take(position, at),
    batchAt: (position) => assemble(take(position, at), position),
  };
}

/** Batches whose examples are sorted by size together: more saves padding, less shuffles more. */
const BATCHES_SORTED_TOGETHER = 64;

/** Endless epochs of examples; the last batch that is cut may be smaller. */
export function sortedEpochs<T>(examples: readonly T[], options: EpochOptions<T>): Epochs<T> {
  const batchesPerEpoch = Math.ceil(examples.length / options.batchSize);
  const plan = remembered((epoch) => {
    const key = foldIn(options.key, epoch);
    const order = options.order?.(epoch) ?? permutation(foldIn(key, "order"), examples.length);
    return groupBySize(examples, order, { ...options, key });
  });
  return {
    batchesPerEpoch,
    at(position) {
      const [epoch, index] = locate(position, batchesPerEpoch);
      return plan(epoch)[index] ?? [];
    },
  };
}

/** The epoch of a position, and the batch in it. @throws {UsageError} if it is no position. */
export function locate(
  position: number,
  batchesPerEpoch: number,
): readonly [epoch: number, index: number] {
  if (!Number.isSafeInteger(position) || position < 0) {
    throw new UsageError(`batches: a position is an integer of at least 0; got ${position}`);
  }
  return [Math.floor(position / batchesPerEpoch), position % batchesPerEpoch];
}

/** `make`, which must be pure, with its last result kept: batches are mostly asked for in order. */
export function remembered<T>(make: (epoch: number) => T): (epoch: number) => T {
  let last: { readonly epoch: number; readonly value: T } | undefined;
  return (epoch) => {
    if (last?.epoch !== epoch) last = { epoch, value: make(epoch) };
    return last.value;
  };
}

/** Examples in stretches of `size`, in order; the last may be shorter. */
export const stretches = <T>(examples: readonly T[], size: number): (readonly T[])[] =>
  Array.from({ length: Math.ceil(examples.length / size) }, (_, i) =>
    examples.slice(i * size, (i + 1) * size),
  );

/** An epoch's batches: shuffle, sort stretches by size, cut, and shuffle the batches. */
function groupBySize<T>(
  examples: readonly T[],
  order: Uint32Array,
  { batchSize, key, compare }: EpochOptions<T>,
): readonly (readonly T[])[] {
  const shuffled = Array.from(order, (i) => examples[i]).filter((each) => each !== undefined);
  const batches = stretches(shuffled, batchSize * BATCHES_SORTED_TOGETHER).flatMap((stretch) =>
    stretches(stretch.toSorted(compare), batchSize),
  );
  const batchOrder = permutation(foldIn(key, "batches"), batches.length);
  return Array.from(batchOrder, (i) => batches[i] ?? []);
}
