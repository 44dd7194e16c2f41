/**
 * @file Batches for training and evaluation.
 *
 *   inputs = ids[0 .. n-2]    targets = ids[1 .. n-1]    weights = 1 where a target counts
 *
 * Sequences are filled up on the right. The order of epoch e depends on the key and e alone, so
 * that the position (the number of batches taken) is all that a run must save to go on.
 */

import { UsageError } from "../errors.ts";
import { integers } from "../random/integers.ts";
import { foldIn, type Key } from "../random/key.ts";
import { type HostTensor, int32 } from "../tensor/host-tensor.ts";
import { permutation } from "./permutation.ts";
import type { LanguageModelSequence } from "./sequence.ts";

/** B examples and N targets; N is B T where every token has one. */
export interface Batch {
  /** B, counting rows of padding. */
  readonly size: number;
  /** What a model reads, by name: "ids" [B, T], and what else it needs. */
  readonly inputs: Readonly<Record<string, HostTensor>>;
  /** [N] */
  readonly targets: Int32Array;
  /** [N], 1 where the loss counts and 0 elsewhere. */
  readonly weights: Float32Array;
  /** Inputs that are not padding. */
  readonly tokens: number;
  /** Targets that count. */
  readonly lossTokens: number;
}

/** An endless sequence of batches with random access. */
export interface BatchSource {
  readonly batchesPerEpoch: number;
  /** The batch at a position from 0 on, whatever was asked for before. */
  batchAt(position: number): Batch;
}

export interface PaddingOptions {
  readonly batchSize: number;
  /** The id of padding. */
  readonly pad: number;
  /** Lengths are rounded up to a multiple of this, so that few different ones occur. Default 1. */
  readonly multiple?: number;
  /** The longest input of the model in tokens, which rounding up must not pass. */
  readonly contextLength?: number;
}

/** Batches whose sequences are sorted by length together: more saves padding, less shuffles more. */
const BATCHES_SORTED_TOGETHER = 64;

/**
 * Every sequence once an epoch, in batches of similar lengths. The last batch that is cut may end
 * in rows of padding, whose weights are 0.
 *
 * @throws {UsageError} if there are no sequences, or the options are out of range.
 */
export function pairBatches(
  sequences: readonly LanguageModelSequence[],
  options: PaddingOptions & { readonly key: Key },
): BatchSource {
  checkSequences(sequences, options);
  const { batchSize, key } = options;
  const batchesPerEpoch = Math.ceil(sequences.length / batchSize);
  const plan = remembered((epoch) => groupByLength(sequences, foldIn(key, epoch), batchSize));

  return {
    batchesPerEpoch,
    batchAt(position) {
      const [epoch, index] = locate(position, batchesPerEpoch);
      return assemble(plan(epoch)[index] ?? [], options);
    },
  };
}

/**
 * Windows of a stream of tokens. An epoch cuts the stream into windows that do not overlap, from a
 * random offset on, and takes each once; less than two windows' worth of tokens at the ends
 * is left out.
 *
 * @throws {UsageError} if the stream is shorter than `contextLength + 1` tokens.
 */
export function textBatches(
  tokens: Int32Array,
  options: { readonly batchSize: number; readonly contextLength: number; readonly key: Key },
): BatchSource {
  const { batchSize, contextLength, key } = options;
  checkSizes({ batchSize, contextLength });
  const targets = tokens.length - 1;
  if (targets < contextLength) {
    throw new UsageError(
      `data: text of at least ${contextLength + 1} tokens is needed; got ${tokens.length}`,
      { hint: "add text, or lower contextLength" },
    );
  }
  // As many windows as fit from every offset below contextLength.
  const windows = Math.max(1, Math.floor((targets + 1 - contextLength) / contextLength));
  const offsets = Math.min(contextLength, targets - windows * contextLength + 1);
  const batchesPerEpoch = Math.ceil(windows / batchSize);
  const plan = remembered((epoch) => {
    const epochKey = foldIn(key, epoch);
    return {
      offset: integers(foldIn(epochKey, "offset"))(offsets),
      order: permutation(foldIn(epochKey, "order"), windows),
    };
  });

  return {
    batchesPerEpoch,
    batchAt(position) {
      const [epoch, index] = locate(position, batchesPerEpoch);
      const { offset, order } = plan(epoch);
      const chosen = order.subarray(index * batchSize, (index + 1) * batchSize);
      const rows = Array.from(chosen, (window): LanguageModelSequence => {
        const start = offset + window * contextLength;
        return { ids: tokens.subarray(start, start + contextLength + 1), lossFrom: 1 };
      });
      return assemble(rows, { batchSize, pad: 0 });
    },
  };
}

/**
 * Every sequence once, in order; the last batch ends in rows of padding, whose weights are 0.
 *
 * @throws {UsageError} if there are no sequences, or the options are out of range.
 */
export function* evaluationBatches(
  sequences: readonly LanguageModelSequence[],
  options: PaddingOptions,
): Generator<Batch, void, void> {
  checkSequences(sequences, options);
  for (let start = 0; start < sequences.length; start += options.batchSize) {
    yield assemble(sequences.slice(start, start + options.batchSize), options);
  }
}

function assemble(rows: readonly LanguageModelSequence[], options: PaddingOptions): Batch {
  const { batchSize: size, pad, multiple = 1, contextLength = Infinity } = options;
  const longest = rows.reduce((max, { ids }) => Math.max(max, ids.length - 1), 0);
  const length = Math.min(roundUp(longest, multiple), contextLength);
  const inputs = new Int32Array(size * length).fill(pad);
  const targets = new Int32Array(size * length).fill(pad);
  const weights = new Float32Array(size * length);
  let tokens = 0;
  let lossTokens = 0;
  for (const [row, { ids, lossFrom, lossRanges }] of rows.entries()) {
    const start = row * length;
    inputs.set(ids.subarray(0, -1), start);
    targets.set(ids.subarray(1), start);
    for (const [from, end] of lossRanges ?? [[lossFrom, ids.length] as const]) {
      weights.fill(1, start + from - 1, start + end - 1);
      lossTokens += end - from;
    }
    tokens += ids.length - 1;
  }
  const ids = int32([size, length], inputs);
  return { size, inputs: { ids }, targets, weights, tokens, lossTokens };
}

/** An epoch's batches: shuffle, sort stretches by length, cut, and shuffle the batches. */
function groupByLength(
  sequences: readonly LanguageModelSequence[],
  key: Key,
  batchSize: number,
): readonly (readonly LanguageModelSequence[])[] {
  const order = permutation(foldIn(key, "order"), sequences.length);
  const shuffled = Array.from(order, (i) => sequences[i]).filter((each) => each !== undefined);
  const batches = slices(shuffled, batchSize * BATCHES_SORTED_TOGETHER).flatMap((stretch) =>
    slices(
      stretch.toSorted((a, b) => a.ids.length - b.ids.length),
      batchSize,
    ),
  );
  const batchOrder = permutation(foldIn(key, "batches"), batches.length);
  return Array.from(batchOrder, (i) => batches[i] ?? []);
}

const slices = <T>(items: readonly T[], size: number): (readonly T[])[] =>
  Array.from({ length: Math.ceil(items.length / size) }, (_, i) =>
    items.slice(i * size, (i + 1) * size),
  );

/** `make`, which must be pure, with its last result kept: batches are mostly asked for in order. */
function remembered<T>(make: (epoch: number) => T): (epoch: number) => T {
  let last: { readonly epoch: number; readonly value: T } | undefined;
  return (epoch) => {
    if (last?.epoch !== epoch) last = { epoch, value: make(epoch) };
    return last.value;
  };
}

function locate(position: number, batchesPerEpoch: number): [epoch: number, index: number] {
  if (!Number.isSafeInteger(position) || position < 0) {
    throw new UsageError(`batches: a position is an integer of at least 0; got ${position}`);
  }
  return [Math.floor(position / batchesPerEpoch), position % batchesPerEpoch];
}

function checkSequences(
  sequences: readonly LanguageModelSequence[],
  { batchSize, multiple = 1, contextLength = Number.MAX_SAFE_INTEGER }: PaddingOptions,
): void {
  checkSizes({ batchSize, multiple, contextLength });
  if (sequences.length === 0) throw new UsageError("batches: there are no sequences; got 0");
  const longest = sequences.reduce((max, { ids }) => Math.max(max, ids.length - 1), 0);
  if (longest > contextLength) {
    throw new UsageError(`batches: the context has ${contextLength} tokens; got ${longest}`);
  }
}

function checkSizes(sizes: Readonly<Record<string, number>>): void {
  for (const [name, size] of Object.entries(sizes)) {
    if (!Number.isSafeInteger(size) || size < 1) {
      throw new UsageError(`batches: ${name} must be a positive integer; got ${size}`);
    }
  }
}

const roundUp = (value: number, multiple: number): number => Math.ceil(value / multiple) * multiple;
