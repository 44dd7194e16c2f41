/**
 * @file Data for models that continue a text, of files that are larger than memory: a block of examples is read, encoded and shuffled when its
 * first batch is needed. What is held out are examples of a file of their own, or the first of those whose places are low, as many as
 * are evaluated.
 */

import {
  assemble,
  blockBatches,
  conversationSequences,
  counts,
  cutAs,
  dealt,
  encodedParts,
  evaluationBatches,
  type ExampleKind,
  type Fitted,
  type FitOptions,
  type LanguageModelSequence,
  mixedPasses,
  pairEpochs,
  promptIds,
  type SentencePair,
  type TextParts,
} from "../data/index.ts";
import { option, UsageError } from "../errors.ts";
import { createChat } from "../text/index.ts";
import { beginningOf, checkLearned, pairsLearned, questionOf } from "./causal.ts";
import { count } from "./reading/fitted-split.ts";
import { LENGTH_MULTIPLE, questionCount, templateOf } from "./pairs.ts";
import { spread } from "./reading/dataset.ts";
import type { Content } from "./reading/hold-out.ts";
import { languageModelForm } from "./reading/sequence-forms.ts";
import { sharedRows, Unshared } from "./reading/shared-rows.ts";
import {
  type AnyDataRequest,
  type DataRequest,
  mostEvaluated,
  type Question,
  type StreamedData,
} from "./task-data.ts";

/** Examples that are read as they are needed, and what is learned of them. */
interface StreamOf<E> {
  /** In the plural. */
  readonly what: string;
  /** One pass over those for training, and the others among them: of all paths, or of one. */
  readonly pass: (part?: number) => AsyncIterable<E>;
  /** Those that are held out, where they are given. */
  readonly validation: AsyncIterable<E> | undefined;
  readonly contentOf: (example: E) => Content;
  /** @throws {UsageError} as `fitExamples` does. */
  readonly encode: (examples: readonly E[], options: FitOptions) => Fitted<LanguageModelSequence>;
  /** The lengths of batches, where they are known. */
  readonly lengths?: readonly number[];
  readonly question?: (sequence: LanguageModelSequence) => Question;
  /** Whether examples are sequences already, all on every rank. */
  readonly isEncoded?: boolean;
  /** Those held out as pairs, to be answered at the end. */
  readonly pairsOf?: (held: readonly E[]) => readonly SentencePair[];
}

/** Examples by which data are told from others. */
const FIRST_EXAMPLES = 100;
/** Lengths of batches, at most: programs are compiled for each. */
const MOST_LENGTHS = 8;

const STREAMERS: Readonly<Record<ExampleKind, (request: DataRequest) => Promise<StreamedData>>> = {
  texts: streamTexts,
  pairs: streamPairs,
  conversations: streamConversations,
};

/**
 * The data for a model that continues a text.
 *
 * @throws {UsageError} if it is for something else, or nothing of what is held out is of use.
 */
export async function loadStreamed(request: AnyDataRequest): Promise<StreamedData> {
  const { dataset, model, tokenizer } = request;
  if (model.task !== "causal" || !tokenizer) {
    const message = `${option("stream")}: is for models that continue a text`;
    throw new UsageError(`${message}; got a model for ${model.task}`, {
      hint: `leave ${option("stream")} out, and give as much as there is memory for`,
    });
  }
  const kind = await dataset.kind();
  checkLearned(kind, request.config);
  return STREAMERS[kind]({ ...request, tokenizer });
}

/** Conversations of which a part is in memory. */
async function streamConversations(request: DataRequest): Promise<StreamedData> {
  const chat = createChat(request.tokenizer);
  const { learn, learnRoles: roles } = request.config;
  const { training, validation } = request.dataset.streamed();
  const data = await streamedData(request, {
    what: "conversations",
    pass: (part) => only(training.conversations(part), counts),
    validation: validation && only(validation.passes.conversations(), counts),
    contentOf: (example) => JSON.stringify(example),
    encode: (examples, options) =>
      conversationSequences(chat, examples, { ...options, learn, roles }),
  });
  const { stopTokens, problem } = chat.answerEnd();
  const notes = [...(data.notes ?? []), ...(problem === undefined ? [] : [problem])];
  const ask = (content: string) => chat.encodePrompt([{ role: "user", content }]);
  return { ...data, isChat: true, stopTokens, notes, ask };
}

/** Pairs of which a part is in memory. */
async function streamPairs(request: DataRequest): Promise<StreamedData> {
  const { config, dataset, model, tokenizer } = request;
  const template = templateOf(config, model.task);
  const { training, validation } = dataset.streamed();
  const isPair = (pair: SentencePair) => counts(pair) && pair.target.trim() !== "";
  const data = await streamedData(request, {
    what: "pairs",
    pass: (part) => only(training.pairs(part), isPair),
    validation: validation && only(validation.passes.pairs(), isPair),
    contentOf: (example) => JSON.stringify(example),
    encode: (pairs, options) => pairsLearned(pairs, { ...request, template, options }),
    pairsOf: (held) => held,
  });
  return { ...data, ask: (text) => promptIds(tokenizer, text, template) };
}

/** Texts as windows of one stream of tokens, of which a part is in memory. */
async function streamTexts(request: DataRequest): Promise<StreamedData> {
  const { contextLength, dataset, tokenizer } = request;
  const { training, validation } = dataset.streamed();
  const data = await streamedData(request, {
    what: "windows of text",
    pass: (part) => windowsOf(request, training.texts(part)),
    validation: validation && windowsOf(request, validation.texts()),
    contentOf: ({ ids }) => ids,
    encode: (sequences) => ({ sequences, dropped: 0, truncated: 0, empty: 0 }),
    isEncoded: true,
    question: beginningOf,
    lengths: [contextLength],
  });
  return { ...data, ask: (text) => tokenizer.encodePrompt(text) };
}

async function streamedData<E extends object>(
  { config, contextLength, dataset, key, model, tokenizer }: DataRequest,
  {
    what,
    pass,
    validation,
    contentOf,
    encode,
    question = questionOf,
    lengths,
    pairsOf,
    isEncoded = false,
  }: StreamOf<E>,
): Promise<StreamedData> {
  const { batchSize, stream: size = 1, tooLong } = config;
  const limit = mostEvaluated(config);
  const { isHeld, bytes, weights } = dataset.streamed();
  const isOut = (example: E) => isHeld(contentOf(example));
  const most = Math.max(limit, questionCount(config));
  const examples = await first(validation ?? only(pass(), isOut), most);
  const held = encode(examples, { contextLength, tooLong: "drop" }).sequences;
  if (held.length === 0) {
    throw new UsageError(`${what}: none of those held out is of use; got ${examples.length}`, {
      hint: `hold out others: ${option("validation", "FILE")}`,
    });
  }
  const multiple = multipleFor(contextLength);
  const padding = { batchSize, pad: tokenizer.pad, multiple, contextLength };
  const ownOf = validation
    ? pass
    : (part?: number) => only(pass(part), (example) => !isOut(example));
  const learned = () => (weights ? mixedPasses(weights, ownOf) : ownOf());
  const { ranks } = dataset;
  const rows = sharedRows(ranks, languageModelForm);
  const { at, release } = blockBatches({
    size,
    batchSize,
    key,
    pass: learned,
    batches: (block, blockKey) =>
      pairEpochs(encodedBlock(block).sequences, { ...padding, key: blockKey }),
  });
  function encodedBlock(block: readonly E[]) {
    const encodeOwn = (own: readonly E[]) => encode(own, { contextLength, tooLong });
    if (isEncoded) return encodeOwn(block);
    try {
      return rows.encode(dealt(ranks, block), encodeOwn);
    } catch (error) {
      if (!(error instanceof Unshared)) throw error;
      // All have the block, and can say what is wrong with it.
      return encodeOwn(block);
    }
  }
  const complete = isEncoded ? undefined : rows.complete;
  const taken = ranks.size === 1 ? at : inSteps(at, { ...config, complete });
  const evaluated = spread(held, limit);
  return {
    training: {
      batchAt: async (position) => assemble(await taken(position), padding),
      ...(ranks.size > 1 && { fetch: async (position: number) => void (await taken(position)) }),
      release,
      async content() {
        const known = await first(learned(), FIRST_EXAMPLES);
        const contents = known.map(contentOf).map((each) => each.toString());
        return [(await bytes()).join(), ...contents];
      },
    },
    evaluation: () => evaluationBatches(evaluated, padding),
    pairs: spread(pairsOf?.(examples) ?? [], config.translations),
    questions: spread(held, questionCount(config)).map(question),
    shapes: (lengths ?? multiplesOf(multiple, contextLength)).map((length) =>
      model.inputTypes(batchSize, length),
    ),
    description: `${what}, ${count(size)} in memory at a time, ${count(held.length)} held out`,
  };
}

/**
 * Rows by position, read for all of a step when the first of them is asked for: so ranks, which all do so, read at the same time, and can
 * tell each other what they have.
 */
function inSteps<T>(
  at: (position: number) => Promise<readonly T[]>,
  {
    microSteps,
    complete = (rows) => rows,
  }: {
    readonly microSteps: number;
    readonly complete?: ((rows: readonly T[]) => readonly T[]) | undefined;
  },
): (position: number) => Promise<readonly T[]> {
  let last = -1;
  let batches: readonly (readonly T[])[] = [];
  return async (position) => {
    const step = Math.floor(position / microSteps);
    if (step !== last) {
      const wanted: (readonly T[])[] = [];
      for (let i = 0; i < microSteps; i += 1) wanted.push(await at(step * microSteps + i));
      batches = cutAs(wanted, complete(wanted.flat()));
      last = step;
    }
    return batches[position % microSteps] ?? [];
  };
}

/** What lengths are rounded up to, so that there are few. */
function multipleFor(contextLength: number): number {
  const doublings = Math.ceil(Math.log2(contextLength / (MOST_LENGTHS * LENGTH_MULTIPLE)));
  return LENGTH_MULTIPLE * 2 ** Math.max(0, doublings);
}

const multiplesOf = (multiple: number, contextLength: number): readonly number[] =>
  Array.from({ length: Math.ceil(contextLength / multiple) }, (_, i) =>
    Math.min(contextLength, multiple * (i + 1)),
  );

/** Windows of T + 1 tokens of texts one after another; what is left at the end of the last is left out. */
async function* windowsOf(
  { contextLength, dataset: { ranks }, tokenizer }: DataRequest,
  texts: TextParts,
): AsyncGenerator<LanguageModelSequence, void, undefined> {
  const { encode, encodePrompt: encodeFirst, endOfText } = tokenizer;
  let rest: number[] = [];
  let isFirst = true;
  for await (const { ids, continues } of encodedParts(texts, { encode, encodeFirst, ranks })) {
    if (!continues && !isFirst && endOfText !== undefined) rest.push(endOfText);
    isFirst = false;
    for (const id of ids) {
      rest.push(id);
      if (rest.length <= contextLength) continue;
      yield { ids: Int32Array.from(rest), lossFrom: 1 };
      // The last token of a window is the first of the next.
      rest = rest.slice(-1);
    }
  }
}

async function* only<E>(
  examples: AsyncIterable<E>,
  isWanted: (example: E) => boolean,
): AsyncGenerator<E, void, undefined> {
  for await (const example of examples) if (isWanted(example)) yield example;
}

async function first<E>(examples: AsyncIterable<E>, most: number): Promise<readonly E[]> {
  const found: E[] = [];
  if (most === 0) return found;
  for await (const example of examples) {
    found.push(example);
    if (found.length === most) break;
  }
  return found;
}
