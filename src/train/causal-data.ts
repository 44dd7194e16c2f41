/** @file Data for models that continue a text: texts in windows, and pairs as question and answer. */

import {
  evaluationBatches,
  pairBatches,
  pairSequences,
  textBatches,
  textTokens,
  textWindows,
} from "../data/index.ts";
import type { DataRequest, TrainData } from "./data.ts";
import {
  count,
  HELD_OUT_SHARE,
  isText,
  notesOn,
  readAllTexts,
  readSplit,
  spread,
} from "./splits.ts";

/** The most of a text that is held out. */
const HELD_OUT_TOKENS = 100_000;

/** Lengths of batches are rounded up to this, so that few programs are compiled. */
export const LENGTH_MULTIPLE = 16;

export const loadCausal = (request: DataRequest): Promise<TrainData> =>
  isText(request.config) ? loadText(request) : loadPairs(request);

async function loadText({
  config,
  tokenizer,
  model,
  contextLength,
  key,
}: DataRequest): Promise<TrainData> {
  const read = async (paths: readonly string[]): Promise<Int32Array> => {
    return textTokens(tokenizer, await readAllTexts(paths, config.textColumn));
  };
  const all = await read(config.train ?? []);
  const share = Math.min(HELD_OUT_TOKENS, Math.floor(all.length * HELD_OUT_SHARE));
  const validation = config.validation ? await read(config.validation) : all.subarray(-share);
  const training = config.validation ? all : all.subarray(0, -share);
  const { batchSize, evaluationBatches: limit } = config;
  const windows = spread(textWindows(validation, contextLength), batchSize * limit);
  return {
    training: textBatches(training, { batchSize, contextLength, key }),
    evaluation: () => evaluationBatches(windows, { batchSize, pad: tokenizer.pad, contextLength }),
    pairs: [],
    shapes: [model.inputTypes(batchSize, contextLength)],
    description: `${count(training.length)} tokens of text, ${count(validation.length)} held out`,
  };
}

async function loadPairs({
  config,
  tokenizer,
  model,
  contextLength,
  key,
}: DataRequest): Promise<TrainData> {
  const [trainingPairs, validationPairs] = await readSplit(config);
  const { prefix, suffix, tooLong, batchSize } = config;
  const options = { prefix, suffix, contextLength, tooLong };
  const prepared = pairSequences(tokenizer, trainingPairs, options);
  const held = pairSequences(tokenizer, validationPairs, { ...options, tooLong: "drop" });
  const padding = { batchSize, pad: tokenizer.pad, multiple: LENGTH_MULTIPLE, contextLength };
  const sorted = spread(held.sequences, batchSize * config.evaluationBatches).toSorted(
    (a, b) => a.ids.length - b.ids.length,
  );
  return {
    training: pairBatches(prepared.sequences, { ...padding, key }),
    evaluation: () => evaluationBatches(sorted, padding),
    pairs: spread(validationPairs, config.translations),
    shapes: lengthsOf(
      [...prepared.sequences, ...held.sequences].map(({ ids }) => ids.length - 1),
      contextLength,
    ).map((length) => model.inputTypes(batchSize, length)),
    description:
      `${count(prepared.sequences.length)} pairs${notesOn(prepared)}` +
      `, ${count(held.sequences.length)} held out`,
  };
}

/** The lengths of batches of sequences of these lengths, the longest last. */
export function lengthsOf(lengths: readonly number[], limit: number): readonly number[] {
  const rounded = lengths.map((length) =>
    Math.min(limit, Math.ceil(length / LENGTH_MULTIPLE) * LENGTH_MULTIPLE),
  );
  return [...new Set(rounded)].toSorted((a, b) => a - b);
}
