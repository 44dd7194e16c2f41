/**
 * @file Batches for training and evaluation.
 *
 *   inputs = ids[0 .. n-2]    targets = ids[1 .. n-1]    weights = that of the row where a target counts
 *
 * Sequences are filled up on the right.
 */

import { UsageError } from "../../errors.ts";
import { integers } from "../../random/integers.ts";
import { foldIn, type Key } from "../../random/key.ts";
import type { Batch, BatchSource } from "../../models/batch.ts";
import { int32 } from "../../tensor/host-tensor.ts";
import {
  batchesOf,
  type EpochOptions,
  type Epochs,
  locate,
  remembered,
  sortedEpochs,
  stretches,
  type Taken,
  takenInSteps,
} from "./epochs.ts";
import { checkLengths, checkSizes, paddedLength, type PaddingOptions } from "./padding.ts";
import type { SharedTokens } from "../shares/shared-tokens.ts";
import type { Order } from "./mixed-order.ts";
import { permutation } from "./permutation.ts";
import type { LanguageModelSequence } from "../sequences/sequence.ts";

export type {
  Batch,
  BatchAnswers,
  BatchSource,
  BatchStream,
  SoftTargets,
} from "../../models/batch.ts";

/** How sequences become batches, and in what order. */
export interface PairBatchOptions
  extends
    PaddingOptions,
    Pick<EpochOptions<unknown>, "key" | "order">,
    Taken<LanguageModelSequence> {}

/**
 * Every sequence once an epoch, in batches of similar lengths. The last batch that is cut may end
 * in rows of padding, whose weights are 0.
 *
 * @throws {UsageError} if there are no sequences, or the options are out of range.
 */
export const pairBatches = (
  sequences: readonly LanguageModelSequence[],
  options: PairBatchOptions,
): BatchSource =>
  batchesOf(pairEpochs(sequences, options), (rows) => assemble(rows, options), options.take);

/** What these batches are made of. @throws as `pairBatches` does. */
export function pairEpochs(
  sequences: readonly LanguageModelSequence[],
  options: Omit<PairBatchOptions, "take">,
): Epochs<LanguageModelSequence> {
  checkLengths(sequences.map(inputLength), options);
  const compare = (a: LanguageModelSequence, b: LanguageModelSequence) =>
    a.ids.length - b.ids.length;
  return sortedEpochs(sequences, { ...options, compare });
}

/** How windows of texts become batches. */
export interface TextBatchOptions {
  readonly batchSize: number;
  readonly contextLength: number;
  readonly key: Key;
  /** The order of an epoch, by the stream of each window; each window once by default. */
  readonly orderOf?: ((streams: readonly number[]) => Order | undefined) | undefined;
  /** Micro-batches of a step, whose windows ranks read together where they share the streams. */
  readonly microSteps?: number;
}

/** Where a window stands. */
interface Window {
  readonly stream: number;
  readonly start: number;
}

/**
 * Windows of streams of tokens. An epoch cuts each stream into windows that do not overlap, from a
 * random offset on, and takes each once; less than two windows' worth of tokens at the ends
 * is left out.
 *
 * @throws {UsageError} if a stream is shorter than `contextLength + 1` tokens.
 */
export function textBatches(
  streams: readonly SharedTokens[],
  { batchSize, contextLength, key, orderOf = () => undefined, microSteps = 1 }: TextBatchOptions,
): BatchSource {
  checkSizes({ batchSize, contextLength });
  const shapes = streams.map(({ length }) => windowsIn(length, contextLength));
  const windows = shapes.flatMap(({ count }, stream) =>
    Array.from({ length: count }, (_, window) => ({ stream, window })),
  );
  const batchesPerEpoch = Math.ceil(windows.length / batchSize);
  const mixed = orderOf(windows.map(({ stream }) => stream));
  const plan = remembered((epoch) => {
    const epochKey = foldIn(key, epoch);
    const offsetKey = foldIn(epochKey, "offset");
    return {
      offsets: shapes.map(({ offsets }, stream) =>
        integers(stream === 0 ? offsetKey : foldIn(offsetKey, stream))(offsets),
      ),
      order: mixed?.(epoch) ?? permutation(foldIn(epochKey, "order"), windows.length),
    };
  });

  const at = (position: number): readonly Window[] => {
    const [epoch, index] = locate(position, batchesPerEpoch);
    const { offsets, order } = plan(epoch);
    const chosen = order.subarray(index * batchSize, (index + 1) * batchSize);
    return Array.from(chosen, (place) => {
      const { stream = 0, window = 0 } = windows[place] ?? {};
      return { stream, start: (offsets[stream] ?? 0) + window * contextLength };
    });
  };
  const tokensOf = (wanted: readonly Window[]): readonly LanguageModelSequence[] => {
    const found = new Map<Window, Int32Array>();
    for (const [stream, tokens] of streams.entries()) {
      const own = wanted.filter((each) => each.stream === stream);
      const ranges = own.map(({ start }) => [start, start + contextLength + 1] as const);
      for (const [i, ids] of tokens.read(ranges).entries()) {
        const window = own[i];
        if (window) found.set(window, ids);
      }
    }
    return wanted.map((each) => ({ ids: found.get(each) ?? new Int32Array(), lossFrom: 1 }));
  };
  const take = takenInSteps(microSteps, tokensOf);
  return {
    batchesPerEpoch,
    fetch: (position) => void take(position, at),
    batchAt: (position) => assemble(take(position, at), { batchSize, pad: 0 }),
  };
}

/** As many windows as fit into a stream from each of some offsets, of which there are as many as possible below `contextLength`. */
function windowsIn(length: number, contextLength: number) {
  const targets = length - 1;
  if (targets < contextLength) {
    throw new UsageError(
      `data: text of at least ${contextLength + 1} tokens is needed; got ${length}`,
      { hint: "add text, or lower contextLength" },
    );
  }
  const count = Math.max(1, Math.floor((targets + 1 - contextLength) / contextLength));
  return { count, offsets: Math.min(contextLength, targets - count * contextLength + 1) };
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
  checkLengths(sequences.map(inputLength), options);
  for (const rows of stretches(sequences, options.batchSize)) yield assemble(rows, options);
}

/** A model sees all but the last token. */
const inputLength = ({ ids }: LanguageModelSequence): number => ids.length - 1;

/** At most so many sequences as one batch, which ends in rows of padding, whose weights are 0. */
export function assemble(rows: readonly LanguageModelSequence[], options: PaddingOptions): Batch {
  const { batchSize: size, pad } = options;
  const length = paddedLength(rows.map(inputLength), options);
  const inputs = new Int32Array(size * length).fill(pad);
  const targets = new Int32Array(size * length).fill(pad);
  const weights = new Float32Array(size * length);
  let tokens = 0;
  let lossTokens = 0;
  for (const [row, { ids, lossFrom, lossRanges, weight = 1 }] of rows.entries()) {
    const start = row * length;
    inputs.set(ids.subarray(0, -1), start);
    targets.set(ids.subarray(1), start);
    for (const [from, end] of lossRanges ?? [[lossFrom, ids.length] as const]) {
      weights.fill(weight, start + from - 1, start + end - 1);
      lossTokens += weight * (end - from);
    }
    tokens += ids.length - 1;
  }
  const ids = int32([size, length], inputs);
  return { size, inputs: { ids }, targets, weights, tokens, lossTokens };
}
