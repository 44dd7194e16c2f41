/** @file Data for models that continue a text: texts in windows, and pairs as question and answer. */

import {
  evaluationBatches,
  type LanguageModelSequence,
  pairBatches,
  pairSequences,
  textBatches,
  textTokens,
  textWindows,
} from "../data/index.ts";
import type { DataRequest, TrainData } from "./data.ts";
import { count, LENGTH_MULTIPLE, lengthsOf, loadPairData } from "./pair-data.ts";
import { HELD_OUT_SHARE, isText, readAllTexts, spread } from "./splits.ts";
import { templateOf } from "./template.ts";

/** The most of a text that is held out. */
const HELD_OUT_TOKENS = 100_000;

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

function loadPairs(request: DataRequest): Promise<TrainData> {
  const { config, tokenizer, model, contextLength, key } = request;
  const { batchSize } = config;
  const template = templateOf(config, model.task);
  const padding = { batchSize, pad: tokenizer.pad, multiple: LENGTH_MULTIPLE, contextLength };
  return loadPairData<LanguageModelSequence>(request, {
    encode: (pairs, options) => pairSequences(tokenizer, pairs, { ...template, ...options }),
    batching: (all) => ({
      training: (sequences) => pairBatches(sequences, { ...padding, key }),
      evaluation: (sequences) => evaluationBatches(sequences.toSorted(byLength), padding),
      shapes: lengthsOf(
        all.map(({ ids }) => ids.length - 1),
        contextLength,
      ).map((length) => model.inputTypes(batchSize, length)),
    }),
  });
}

const byLength = (a: LanguageModelSequence, b: LanguageModelSequence): number =>
  a.ids.length - b.ids.length;
