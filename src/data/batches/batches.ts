/**
 * @file Batches for training and evaluation.
 *
 *   inputs = ids[0 .. n-2]    targets = ids[1 .. n-1]    weights = 1 where a target counts
 *
 * Sequences are filled up on the right.
 */

import { UsageError } from "../../errors.ts";
import { integers } from "../../random/integers.ts";
import { foldIn, type Key } from "../../random/key.ts";
import type { Batch, BatchSource } from "../../models/batch.ts";
import { int32 } from "../../tensor/host-tensor.ts";
import { locate, remembered, sortedEpochs, stretches } from "./epochs.ts";
import { checkLengths, checkSizes, paddedLength, type PaddingOptions } from "./padding.ts";
import { permutation } from "./permutation.ts";
import type { LanguageModelSequence } from "../sequences/sequence.ts";

export type { Batch, BatchSource } from "../../models/batch.ts";

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
  checkLengths(sequences.map(inputLength), options);
  const compare = (a: LanguageModelSequence, b: LanguageModelSequence) =>
    a.ids.length - b.ids.length;
  const { batchesPerEpoch, at } = sortedEpochs(sequences, { ...options, compare });
  return { batchesPerEpoch, batchAt: (position) => assemble(at(position), options) };
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
  checkLengths(sequences.map(inputLength), options);
  for (const rows of stretches(sequences, options.batchSize)) yield assemble(rows, options);
}

/** A model sees all but the last token. */
const inputLength = ({ ids }: LanguageModelSequence): number => ids.length - 1;

function assemble(rows: readonly LanguageModelSequence[], options: PaddingOptions): Batch {
  const { batchSize: size, pad } = options;
  const length = paddedLength(rows.map(inputLength), options);
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
