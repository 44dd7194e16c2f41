/** @file Data for models that continue a text: texts in windows, pairs as question and answer, and conversations. */

import {
  conversationSequences,
  evaluationBatches,
  type ExampleKind,
  type LanguageModelSequence,
  pairBatches,
  pairSequences,
  textBatches,
  textTokens,
  textWindows,
} from "../data/index.ts";
import { createChat } from "../text/index.ts";
import { HELD_OUT_SHARE, spread } from "./reading/dataset.ts";
import { count, exampleCount } from "./fitted-split.ts";
import {
  type Batching,
  examplesAsData,
  LENGTH_MULTIPLE,
  lengthsOf,
  loadPairData,
  questionCount,
  templateOf,
} from "./pairs.ts";
import type { DataRequest, Question, TrainData } from "./task-data.ts";

/** The most of a text that is held out. */
const HELD_OUT_TOKENS = 100_000;

const LOADERS: Readonly<Record<ExampleKind, (request: DataRequest) => Promise<TrainData>>> = {
  texts: loadText,
  pairs: loadPairs,
  conversations: loadConversations,
};

export const loadCausal = async (request: DataRequest): Promise<TrainData> =>
  LOADERS[await request.dataset.kind()](request);

async function loadText({
  config,
  dataset,
  tokenizer,
  model,
  contextLength,
  key,
}: DataRequest): Promise<TrainData> {
  const texts = dataset.texts();
  const all = await textTokens(tokenizer, texts.training);
  const held = texts.validation && (await textTokens(tokenizer, texts.validation));
  // A window has two tokens at least: one to read, one to predict.
  const share = Math.max(2, Math.min(HELD_OUT_TOKENS, Math.floor(all.length * HELD_OUT_SHARE)));
  const validation = held ?? all.subarray(-share);
  const training = held ? all : all.subarray(0, -share);
  const { batchSize, evaluationBatches: limit } = config;
  const windows = spread(textWindows(validation, contextLength), batchSize * limit);
  return {
    training: textBatches(training, { batchSize, contextLength, key }),
    evaluation: () => evaluationBatches(windows, { batchSize, pad: tokenizer.pad, contextLength }),
    pairs: [],
    questions: spread(windows, questionCount(config)).map(beginningOf),
    ask: (text) => tokenizer.encodePrompt(text),
    shapes: [model.inputTypes(batchSize, contextLength)],
    description: `${count(training.length)} tokens of text, ${count(validation.length)} held out`,
  };
}

function loadPairs(request: DataRequest): Promise<TrainData> {
  const { config, tokenizer, model } = request;
  const template = templateOf(config, model.task);
  return loadPairData<LanguageModelSequence>(request, {
    encode: (pairs, options) => pairSequences(tokenizer, pairs, { ...template, ...options }),
    question: questionOf,
    batching: batchingOf(request),
  });
}

async function loadConversations(request: DataRequest): Promise<TrainData> {
  const chat = createChat(request.tokenizer);
  let rewritten = false;
  const conversations = await request.dataset.conversations();
  const { data } = examplesAsData("conversations", conversations, request, {
    encode(all, options) {
      const fitted = conversationSequences(chat, all, options);
      rewritten ||= exampleCount(fitted) < fitted.sequences.length;
      return fitted;
    },
    question: questionOf,
    batching: batchingOf(request),
  });
  const { stopTokens, problem } = chat.answerEnd();
  const notes = [...(rewritten ? [REWRITTEN] : []), ...(problem === undefined ? [] : [problem])];
  const ask = (content: string) => chat.encodePrompt([{ role: "user", content }]);
  return { ...data, isChat: true, stopTokens, notes, ask };
}

/** The last answer of a sequence, and all that stands before it. */
function questionOf({ ids, lossFrom, lossRanges = [] }: LanguageModelSequence): Question {
  const [start, end] = lossRanges.at(-1) ?? [lossFrom, ids.length];
  return { prompt: ids.subarray(0, start), target: ids.subarray(start, end) };
}

/** The beginning of a window of text. */
const beginningOf = ({ ids }: LanguageModelSequence): Question => ({
  prompt: ids.subarray(0, Math.min(PROMPT_TOKENS, Math.ceil(ids.length / 2))),
});

const PROMPT_TOKENS = 16;

const REWRITTEN =
  "the chat template rewrites earlier turns: each answer is learned after the prompt for it, those with the same beginning in one sequence";

/** Sequences in batches of similar lengths. */
const batchingOf =
  ({ config: { batchSize }, tokenizer, model, contextLength, key }: DataRequest) =>
  (all: readonly LanguageModelSequence[]): Batching<LanguageModelSequence> => {
    const padding = { batchSize, pad: tokenizer.pad, multiple: LENGTH_MULTIPLE, contextLength };
    const lengths = all.map(({ ids }) => ids.length - 1);
    return {
      training: (sequences) => pairBatches(sequences, { ...padding, key }),
      evaluation: (sequences) => evaluationBatches(sequences.toSorted(byLength), padding),
      shapes: lengthsOf(lengths, contextLength).map((length) =>
        model.inputTypes(batchSize, length),
      ),
    };
  };

const byLength = (a: LanguageModelSequence, b: LanguageModelSequence): number =>
  a.ids.length - b.ids.length;
