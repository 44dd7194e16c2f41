/** @file Data for models that continue a text: texts in windows, pairs as question and answer, and conversations. */

import {
  conversationSequences,
  counts,
  evaluationBatches,
  type ExampleKind,
  type Fitted,
  type FitOptions,
  type LanguageModelSequence,
  lastAnswer,
  learnedWhole,
  pairBatches,
  pairSequences,
  type PromptTemplate,
  type SentencePair,
  sharedTextTokens,
  sharedTokens,
  textBatches,
  textWindows,
} from "../data/index.ts";
import { option, UsageError } from "../errors.ts";
import { someRank } from "../collective/index.ts";
import { createChat } from "../text/index.ts";
import { spread } from "./reading/dataset.ts";
import type { TokenSplit } from "./reading/hold-out.ts";
import { count, exampleCount } from "./reading/fitted-split.ts";
import { languageModelForm } from "./reading/sequence-forms.ts";
import {
  type Batching,
  examplesAsData,
  LENGTH_MULTIPLE,
  lengthsOf,
  loadPairData,
  questionCount,
  templateOf,
} from "./pairs.ts";
import { type DataRequest, mostEvaluated, type Question, type TrainData } from "./task-data.ts";

const LOADERS: Readonly<Record<ExampleKind, (request: DataRequest) => Promise<TrainData>>> = {
  texts: loadText,
  pairs: loadPairs,
  conversations: loadConversations,
};

export async function loadCausal(request: DataRequest): Promise<TrainData> {
  const kind = await request.dataset.kind();
  checkLearned(kind, request.config);
  return LOADERS[kind](request);
}

/** @throws {UsageError} if nothing of the kind can be learned so. */
export function checkLearned(
  kind: ExampleKind,
  { learn, learnRoles }: Pick<DataRequest["config"], "learn" | "learnRoles">,
): void {
  if (kind === "texts" && learn === "last") {
    throw new UsageError(`${option("learn")}: texts have no answers; got last`);
  }
  if (kind !== "conversations" && learnRoles.join() !== "assistant") {
    throw new UsageError(
      `${option("learnRoles")}: ${kind} have no roles; got ${learnRoles.join(", ")}`,
    );
  }
}

async function loadText({
  config,
  dataset,
  tokenizer,
  model,
  contextLength,
  key,
}: DataRequest): Promise<TrainData> {
  const { ranks } = dataset;
  const { batchSize, microSteps } = config;
  const texts = dataset.texts();
  const streams: TokenSplit[] = [];
  for (const text of texts.training) {
    const tokens = await sharedTextTokens(tokenizer, text, ranks);
    const isGiven = texts.validation !== undefined;
    streams.push(
      isGiven
        ? { training: tokens, validation: tokens.select([]) }
        : texts.holdOut.cutTokens(tokens, tokenizer.endOfText),
    );
  }
  const validation = texts.validation
    ? await sharedTextTokens(tokenizer, texts.validation, ranks)
    : sharedTokens(
        ranks,
        streams.flatMap((stream) => stream.validation.stretches),
      );
  const training = streams.map((stream) => stream.training);
  const windows = textWindows(validation.length, contextLength);
  const windowsOf = (most: number): readonly LanguageModelSequence[] =>
    validation.read(spread(windows, most)).map((ids) => ({ ids, lossFrom: 1 }));
  const evaluated = windowsOf(mostEvaluated(config));
  const orderOf = (parts: readonly number[]) => dataset.order(parts, key);
  const tokens = training.reduce((sum, { length }) => sum + length, 0);
  return {
    training: textBatches(training, { batchSize, contextLength, key, orderOf, microSteps }),
    evaluation: () =>
      evaluationBatches(evaluated, { batchSize, pad: tokenizer.pad, contextLength }),
    pairs: [],
    questions: windowsOf(questionCount(config)).map(beginningOf),
    ask: (text) => tokenizer.encodePrompt(text),
    shapes: [model.inputTypes(batchSize, contextLength)],
    description: `${count(tokens)} tokens of text, ${count(validation.length)} held out`,
  };
}

function loadPairs(request: DataRequest): Promise<TrainData> {
  const template = templateOf(request.config, request.model.task);
  return loadPairData<LanguageModelSequence>(request, {
    encode: (pairs, options) => pairsLearned(pairs, { ...request, template, options }),
    form: languageModelForm,
    question: questionOf,
    batching: batchingOf(request),
  });
}

interface LearnedPairs extends Pick<DataRequest, "config" | "tokenizer"> {
  readonly template: PromptTemplate;
  readonly options: FitOptions;
}

/** Pairs as sequences, of which the answers are learned, or all. @throws {UsageError} as `fitPairs` does. */
export function pairsLearned(
  pairs: readonly SentencePair[],
  { config, tokenizer, template, options }: LearnedPairs,
): Fitted<LanguageModelSequence> {
  const fitted = pairSequences(tokenizer, pairs, { ...template, ...options });
  if (config.learn !== "all") return fitted;
  return { ...fitted, sequences: fitted.sequences.map(learnedWhole) };
}

async function loadConversations(request: DataRequest): Promise<TrainData> {
  const chat = createChat(request.tokenizer);
  const { learn, learnRoles: roles } = request.config;
  let rewritten = false;
  const conversations = await request.dataset.conversations();
  const { data } = examplesAsData("conversations", conversations, request, {
    teaches: counts,
    encode(own, options) {
      const fitted = conversationSequences(chat, own, { ...options, learn, roles });
      rewritten ||= exampleCount(fitted) < fitted.sequences.length;
      return fitted;
    },
    form: languageModelForm,
    question: questionOf,
    batching: batchingOf(request),
  });
  rewritten = someRank(request.dataset.ranks, rewritten);
  const { stopTokens, problem } = chat.answerEnd();
  const notes = [...(rewritten ? [REWRITTEN] : []), ...(problem === undefined ? [] : [problem])];
  const ask = (content: string) => chat.encodePrompt([{ role: "user", content }]);
  return { ...data, isChat: true, stopTokens, notes, ask };
}

/** The last answer of a sequence, and all that stands before it. */
export function questionOf(sequence: LanguageModelSequence): Question {
  const [start, end] = lastAnswer(sequence);
  const { ids } = sequence;
  return { prompt: ids.subarray(0, start), target: ids.subarray(start, end) };
}

/** The beginning of a window of text. */
export const beginningOf = ({ ids }: LanguageModelSequence): Question => ({
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
      training: (sequences, options) => pairBatches(sequences, { ...padding, key, ...options }),
      evaluation: (sequences) => evaluationBatches(sequences.toSorted(byLength), padding),
      shapes: lengthsOf(lengths, contextLength).map((length) =>
        model.inputTypes(batchSize, length),
      ),
    };
  };

const byLength = (a: LanguageModelSequence, b: LanguageModelSequence): number =>
  a.ids.length - b.ids.length;
