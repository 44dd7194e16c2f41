/** @file Data for encoder-decoder models: pairs, of which the encoder reads one side and the decoder makes the other. */

import { UsageError, option } from "../errors.ts";
import {
  extensionsFor,
  seq2seqBatches,
  seq2seqEvaluationBatches,
  type Seq2seqLengths,
  seq2seqLengths,
  type Seq2seqOptions,
  type Seq2seqSequence,
  seq2seqSequences,
} from "../data/index.ts";
import { loadPairData, templateOf } from "./pairs.ts";
import { seq2seqForm } from "./reading/sequence-forms.ts";
import type { DataRequest, TrainData } from "./task-data.ts";

/** Lengths of a side, at most: programs are compiled for every pair of them. */
const LENGTHS_PER_SIDE = 8;

/** @throws {UsageError} if the data are texts, or pairs do not fit. */
export async function loadSeq2seq(request: DataRequest): Promise<TrainData> {
  const { config, dataset, tokenizer, model, contextLength, key } = request;
  if (await dataset.isText()) {
    throw new UsageError(
      `${option("train")}: an encoder-decoder model learns from pairs; got text`,
      {
        hint:
          "give two files with one sentence a line, or a " +
          `${extensionsFor("pairs")} file with two columns`,
      },
    );
  }
  const { batchSize } = config;
  const template = templateOf(config, model.task);
  return loadPairData<Seq2seqSequence>(request, {
    encode: (pairs, options) => seq2seqSequences(tokenizer, pairs, { ...template, ...options }),
    form: seq2seqForm,
    question: ({ source, target }) => ({ prompt: source, target }),
    batching(all) {
      const options: Seq2seqOptions = {
        batchSize,
        pad: tokenizer.pad,
        start: model.decoderStart ?? tokenizer.pad,
        sourceMultiple: multipleFor(all.map(({ source }) => source.length)),
        targetMultiple: multipleFor(all.map(({ target }) => target.length)),
        contextLength,
      };
      return {
        training: (sequences, how) => seq2seqBatches(sequences, { ...options, key, ...how }),
        evaluation: (sequences) => seq2seqEvaluationBatches(sequences, options),
        shapes: lengthsOf(all, options).map(({ source, target }) =>
          model.inputTypes(batchSize, source, target),
        ),
      };
    },
  });
}

/** Of each side: the shapes are pairs of lengths. */
const LENGTH_MULTIPLE = 16;

/** The multiple that leaves but few lengths. */
function multipleFor(lengths: readonly number[]): number {
  const longest = lengths.reduce((max, length) => Math.max(max, length), 0);
  const doublings = Math.ceil(Math.log2(longest / (LENGTHS_PER_SIDE * LENGTH_MULTIPLE)));
  return LENGTH_MULTIPLE * 2 ** Math.max(0, doublings);
}

/** The lengths that batches of single sequences have, and at last those of the longest source and the longest target together. */
function lengthsOf(
  all: readonly Seq2seqSequence[],
  options: Seq2seqOptions,
): readonly Seq2seqLengths[] {
  const largest = seq2seqLengths(all, options);
  const others = new Map(
    all.map((sequence) => {
      const lengths = seq2seqLengths([sequence], options);
      return [`${lengths.source},${lengths.target}`, lengths] as const;
    }),
  );
  others.delete(`${largest.source},${largest.target}`);
  return [...others.values(), largest];
}
