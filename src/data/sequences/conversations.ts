/** @file Conversations as sequences of tokens. The loss is on what the assistant says, in all its turns, or where it is asked for. */

import { option, UsageError } from "../../errors.ts";
import type { Chat } from "../../text/chat/chat.ts";
import type { Conversation } from "../examples/conversations.ts";
import { type FitOptions, type Fitted, tooLongError } from "./fit.ts";
import { type LanguageModelSequence, type Learned, learnedWhole } from "./sequence.ts";

/** How long conversations may be, and what is learned of them: all answers by default. */
export type ConversationSequencesOptions = FitOptions & {
  readonly learn?: Learned;
  /** Whose messages are learned; the assistant's by default. */
  readonly roles?: readonly string[];
};

/**
 * Conversations as sequences of at most `contextLength + 1` tokens, in order; none, if all are left out. One is several where the
 * template rewrites earlier answers. One in which nothing is learned is left out; and where they are cut, one whose answers are all lost.
 *
 * @throws {UsageError} if the chat's template refuses one, or if some do not fit and are neither
 *   dropped nor cut.
 */
export function conversationSequences(
  chat: Chat,
  conversations: readonly Conversation[],
  {
    contextLength,
    tooLong = "refuse",
    learn = "answers",
    roles = ["assistant"],
  }: ConversationSequencesOptions,
): Fitted<LanguageModelSequence> {
  const encoded = conversations.map((conversation, i) =>
    encode(chat, learnedTurns(conversation, { learn, roles }), { index: i, learn, roles }),
  );
  const taught = encoded.flatMap((sequences, place) =>
    sequences.map((sequence) => ({ place, sequence })),
  );
  const isLong = ({ ids }: LanguageModelSequence) => ids.length - 1 > contextLength;
  const long = taught.filter(({ sequence }) => isLong(sequence)).length;
  if (tooLong === "refuse" && long > 0) {
    const alternative = `set ${option("tooLong")} to "truncate" or "drop"`;
    const lengths = taught.map(({ sequence: { ids } }) => ids.length - 1);
    throw tooLongError("conversations", lengths, { contextLength, alternative });
  }
  const fitted = taught.flatMap(({ place, sequence }) => {
    if (!isLong(sequence)) return [{ place, sequence }];
    const cut = tooLong === "truncate" ? shortened(sequence, contextLength + 1) : undefined;
    return cut ? [{ place, sequence: cut }] : [];
  });
  const dropped = taught.length - fitted.length;
  return {
    sequences: fitted.map(({ sequence }) => sequence),
    places: fitted.map(({ place }) => place),
    dropped,
    truncated: long - dropped,
    empty: encoded.filter((sequences) => sequences.length === 0).length,
  };
}

type Learning = Required<Pick<ConversationSequencesOptions, "learn" | "roles">>;

/** The conversation with the marks of what is not learned. What a row says of its turns counts where answers are learned, not where all is. */
function learnedTurns(conversation: Conversation, { learn, roles }: Learning): Conversation {
  const { messages, silent = new Set<number>() } = conversation;
  if (learn === "answers") return conversation;
  if (learn === "all") return { ...conversation, silent: new Set() };
  const last = messages.findLastIndex(({ role }, i) => roles.includes(role) && !silent.has(i));
  return { ...conversation, silent: new Set([...messages.keys()].filter((i) => i !== last)) };
}

/** What is learned of a conversation; nothing, if all its answers are empty or left out. */
function encode(
  chat: Chat,
  { messages, weight, ...options }: Conversation,
  { index, learn, roles }: Learning & { readonly index: number },
): readonly LanguageModelSequence[] {
  try {
    const encoded = chat.encode(messages, { ...options, roles });
    const texts = learn === "answers" ? encoded : encoded.slice(-1);
    return texts
      .map(({ ids, assistant }) => withRanges(ids, assistant))
      .filter(({ lossRanges = [] }) => lossRanges.length > 0)
      .map((sequence) => (weight === undefined ? sequence : { ...sequence, weight }))
      .map((sequence) => (learn === "all" ? learnedWhole(sequence) : sequence));
  } catch (cause) {
    throw cause instanceof UsageError ? cause.of(`conversation ${index + 1}`) : cause;
  }
}

/** The first `length` tokens, or undefined if none of them counts. */
function shortened(
  sequence: LanguageModelSequence,
  length: number,
): LanguageModelSequence | undefined {
  const { ids, lossRanges = [] } = sequence;
  const ranges = lossRanges
    .filter(([start]) => start < length)
    .map(([start, end]) => [start, Math.min(end, length)] as const);
  if (ranges.length === 0) return undefined;
  return { ...sequence, ...withRanges(ids.subarray(0, length), ranges) };
}

/** The first token is never predicted. */
function withRanges(
  ids: Int32Array,
  ranges: readonly (readonly [start: number, end: number])[],
): LanguageModelSequence {
  const lossRanges = ranges
    .map(([start, end]) => [Math.max(1, start), end] as const)
    .filter(([start, end]) => start < end);
  return { ids, lossFrom: lossRanges[0]?.[0] ?? ids.length, lossRanges };
}
