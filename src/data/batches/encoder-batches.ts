/**
 * @file Batches for encoders: rows filled up on the right, with a mask that tells tokens from padding, and what is to be learned.
 *
 *   classes   one target a row, its class                                        targets [B]
 *   masked    the K tokens at most that were hidden from each row                targets [B K], weights 1 where one was hidden
 *   pairs     2 B rows, the first texts before the second ones; no targets       weights [B]
 *
 * Batches that are not full end in rows of padding, of weight 0.
 */

import { foldIn, type Key } from "../../random/key.ts";
import { int32 } from "../../tensor/host-tensor.ts";
import type { Encoding } from "../../text/tokenizers/tokenizer.ts";
import type { Weighted } from "../examples/row-weight.ts";
import type { Batch } from "./batches.ts";
import { chosenOf, maskTokens, type Masking } from "./masking.ts";
import { paddedLength, type PaddingOptions } from "./padding.ts";

/** The tokens of a text and its class. */
export interface ClassifiedEncoding extends Encoding, Weighted {
  /** The id of its class. */
  readonly label: number;
}

/** At most B rows with their classes. */
export function classBatch(rows: readonly ClassifiedEncoding[], options: PaddingOptions): Batch {
  const { batchSize } = options;
  const targets = new Int32Array(batchSize);
  targets.set(rows.map(({ label }) => label));
  const weights = new Float32Array(batchSize);
  weights.set(rows.map(({ weight = 1 }) => weight));
  return {
    ...encoderInputs(rows, batchSize, options),
    targets,
    weights,
    lossTokens: rows.reduce((sum, { weight = 1 }) => sum + weight, 0),
  };
}

/** At most B rows with hidden tokens; which ones depends on the key. */
export function maskedBatch(
  rows: readonly Encoding[],
  options: PaddingOptions & { readonly masking: Masking; readonly key: Key },
): Batch {
  const { batchSize, pad, masking, key } = options;
  const length = lengthOf(rows, options);
  const places = chosenOf(length);
  const chosen = new Int32Array(batchSize * places);
  const targets = new Int32Array(batchSize * places).fill(pad);
  const weights = new Float32Array(batchSize * places);
  const masked = rows.map(({ ids: original, tokenTypes }, row) => {
    const hidden = maskTokens(foldIn(key, row), original, masking);
    const start = row * places;
    chosen.set(
      hidden.chosen.map((at) => row * length + at),
      start,
    );
    targets.set(
      hidden.chosen.map((at) => original[at] ?? pad),
      start,
    );
    weights.fill(1, start, start + hidden.chosen.length);
    return { ids: hidden.ids, tokenTypes };
  });
  const read = encoderInputs(masked, batchSize, options);
  return {
    ...read,
    inputs: { ...read.inputs, chosen: int32([batchSize, places], chosen) },
    targets,
    weights,
    lossTokens: weights.reduce((sum, weight) => sum + weight, 0),
  };
}

/** Two texts that mean the same. */
export interface EncodedPair {
  readonly first: Encoding;
  readonly second: Encoding;
}

/** At most B pairs. */
export function pairedBatch(pairs: readonly EncodedPair[], options: PaddingOptions): Batch {
  const { batchSize } = options;
  const missing = Array.from({ length: batchSize - pairs.length }, () => NOTHING);
  const rows = [
    ...pairs.map(({ first }) => first),
    ...missing,
    ...pairs.map(({ second }) => second),
  ];
  return {
    ...encoderInputs(rows, 2 * batchSize, options),
    targets: new Int32Array(),
    weights: onesThenZeros(pairs.length, batchSize),
    lossTokens: pairs.length,
  };
}

const NOTHING: Encoding = { ids: new Int32Array(), tokenTypes: new Int32Array() };

const lengthOf = (rows: readonly Encoding[], options: Omit<PaddingOptions, "batchSize">): number =>
  paddedLength(
    rows.map(({ ids }) => ids.length),
    options,
  );

/** What encoders read, all [R, T]: ids, 1 for tokens and 0 for padding, and the text that a token belongs to. */
export function encoderInputs(
  rows: readonly Encoding[],
  count: number,
  options: Omit<PaddingOptions, "batchSize">,
): Pick<Batch, "size" | "inputs" | "tokens"> {
  const length = lengthOf(rows, options);
  const shape = [count, length] as const;
  const ids = new Int32Array(count * length).fill(options.pad);
  const attentionMask = new Int32Array(count * length);
  const tokenTypes = new Int32Array(count * length);
  for (const [row, encoding] of rows.entries()) {
    const start = row * length;
    ids.set(encoding.ids, start);
    tokenTypes.set(encoding.tokenTypes, start);
    attentionMask.fill(1, start, start + encoding.ids.length);
  }
  return {
    size: count,
    inputs: {
      ids: int32(shape, ids),
      attentionMask: int32(shape, attentionMask),
      tokenTypes: int32(shape, tokenTypes),
    },
    tokens: rows.reduce((sum, row) => sum + row.ids.length, 0),
  };
}

const onesThenZeros = (ones: number, length: number): Float32Array =>
  new Float32Array(length).fill(1, 0, ones);
