/**
 * @file What encoder-decoder models are trained on: the decoder predicts each token of the target from those before it, and from the
 * whole source.
 *
 *   ids        = encode(prefix + source + suffix) ++ [end]
 *   decoderIds = [start] ++ encode(target)
 *   targets    = encode(target) ++ [end]                      all of them count
 *
 * Sources and targets are filled up on the right, each to lengths of their own. The attention mask hides the padding of a source; that
 * of a target stands behind all that counts, where nothing sees it.
 */

import { UsageError } from "../../errors.ts";
import { int32 } from "../../tensor/host-tensor.ts";
import type { Tokenizer } from "../../text/tokenizers/tokenizer.ts";
import type { Batch, BatchSource } from "./batches.ts";
import { batchesOf, type EpochOptions, sortedEpochs, stretches, type Taken } from "./epochs.ts";
import { fitPairs, type FitOptions, type Fitted } from "../sequences/fit.ts";
import { paddedLength } from "./padding.ts";
import type { SentencePair } from "../examples/pairs.ts";
import type { Weighted } from "../examples/row-weight.ts";
import { ended, promptIds, type PromptTemplate } from "../sequences/sequence.ts";

/** Both with the end of text as the last token. */
export interface Seq2seqSequence extends Weighted {
  readonly source: Int32Array;
  readonly target: Int32Array;
}

/** How questions and answers become batches of an encoder-decoder model. */
export interface Seq2seqOptions {
  readonly batchSize: number;
  /** The id of padding. */
  readonly pad: number;
  /** The id that the decoder starts from. */
  readonly start: number;
  /** Sources are filled up to a multiple of this, so that few lengths occur; so are targets. */
  readonly sourceMultiple: number;
  readonly targetMultiple: number;
  /** What rounding up must not pass. */
  readonly contextLength: number;
}

/**
 * Pairs of at most `contextLength` tokens on either side, in order.
 *
 * @throws {UsageError} as `fitPairs` does, or if the tokenizer has no end-of-text token.
 */
export const seq2seqSequences = (
  tokenizer: Tokenizer,
  pairs: readonly SentencePair[],
  options: Omit<PromptTemplate, "ends"> & FitOptions,
): Fitted<Seq2seqSequence> =>
  fitPairs(
    pairs,
    {
      encode: ({ source, target, weight }) => ({
        source: promptIds(tokenizer, source, { ...options, ends: true }),
        target: ended(tokenizer, tokenizer.encode(target)),
        ...(weight !== undefined && { weight }),
      }),
      lengthOf: ({ source, target }) => Math.max(source.length, target.length),
    },
    options,
  );

/**
 * Every sequence once an epoch, in batches of similar lengths. The last batch that is cut may end in rows of padding, whose weights
 * are 0.
 *
 * @throws {UsageError} if there are no sequences.
 */
export function seq2seqBatches(
  sequences: readonly Seq2seqSequence[],
  options: Seq2seqOptions & Pick<EpochOptions<unknown>, "key" | "order"> & Taken<Seq2seqSequence>,
): BatchSource {
  checkSome(sequences);
  const compare = bySize(options);
  const epochs = sortedEpochs(sequences, { ...options, compare });
  return batchesOf(epochs, (rows) => assemble(rows, options), options.take);
}

/**
 * Every sequence once, the shortest first; the last batch ends in rows of padding, whose weights are 0.
 *
 * @throws {UsageError} if there are no sequences.
 */
export function* seq2seqEvaluationBatches(
  sequences: readonly Seq2seqSequence[],
  options: Seq2seqOptions,
): Generator<Batch, void, void> {
  checkSome(sequences);
  const sorted = sequences.toSorted(bySize(options));
  for (const rows of stretches(sorted, options.batchSize)) yield assemble(rows, options);
}

/** The lengths of a batch, S of sources and T of targets. */
export interface Seq2seqLengths {
  readonly source: number;
  readonly target: number;
}

/** Rounded lengths of the longest source and the longest target of a batch. */
export function seq2seqLengths(
  sequences: readonly Seq2seqSequence[],
  { sourceMultiple, targetMultiple, contextLength }: Seq2seqOptions,
): Seq2seqLengths {
  const rounded = (side: keyof Seq2seqLengths, multiple: number) =>
    paddedLength(
      sequences.map(({ [side]: ids }) => ids.length),
      { multiple, contextLength },
    );
  return { source: rounded("source", sourceMultiple), target: rounded("target", targetMultiple) };
}

/** By the rounded length of the source, which costs the most, and then by the target's. */
function bySize(options: Seq2seqOptions): (a: Seq2seqSequence, b: Seq2seqSequence) => number {
  const rounded = (sequence: Seq2seqSequence) => seq2seqLengths([sequence], options).source;
  return (a, b) => rounded(a) - rounded(b) || a.target.length - b.target.length;
}

function assemble(rows: readonly Seq2seqSequence[], options: Seq2seqOptions): Batch {
  const { batchSize: size, pad, start } = options;
  const lengths = seq2seqLengths(rows, options);
  const filled = (length: number, id: number) => new Int32Array(size * length).fill(id);
  const ids = filled(lengths.source, pad);
  const attentionMask = filled(lengths.source, 0);
  const decoderIds = filled(lengths.target, pad);
  const targets = filled(lengths.target, pad);
  const weights = new Float32Array(size * lengths.target);
  let tokens = 0;
  let lossTokens = 0;
  for (const [row, { source, target, weight = 1 }] of rows.entries()) {
    const [from, to] = [row * lengths.source, row * lengths.target];
    ids.set(source, from);
    attentionMask.fill(1, from, from + source.length);
    decoderIds[to] = start;
    decoderIds.set(target.subarray(0, -1), to + 1);
    targets.set(target, to);
    weights.fill(weight, to, to + target.length);
    tokens += source.length + target.length;
    lossTokens += weight * target.length;
  }
  return {
    size,
    inputs: {
      ids: int32([size, lengths.source], ids),
      attentionMask: int32([size, lengths.source], attentionMask),
      decoderIds: int32([size, lengths.target], decoderIds),
    },
    targets,
    weights,
    tokens,
    lossTokens,
  };
}

function checkSome({ length }: readonly Seq2seqSequence[]): void {
  if (length === 0) throw new UsageError("batches: there are no sequences; got 0");
}
