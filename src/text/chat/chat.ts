/**
 * @file Conversations as tokens, for training and for prompts.
 *
 * The text of a chat template has its special tokens already, so nothing is added.
 */

import { option, UsageError } from "../../errors.ts";
import type { Tokenizer } from "../tokenizers/tokenizer.ts";
import { type AnswerEnd, answerEnd } from "./answer-end.ts";
import {
  chatTemplate,
  type ChatTemplateOptions,
  type ConversationOptions,
  type RenderOptions,
  type TurnOptions,
} from "./chat-template.ts";
import type { ChatMessage } from "./message.ts";
import { type ChatEncoding, turnEncoder } from "./turn-encoder.ts";

/** Conversations as the template of a model writes them, in text and tokens. */
export interface Chat {
  /** The conversation as text. */
  render(messages: readonly ChatMessage[], options?: RenderOptions): string;
  /** The ids of a conversation that the assistant is to continue. */
  encodePrompt(messages: readonly ChatMessage[], options?: ConversationOptions): Int32Array;
  /**
   * The ids of a whole conversation. There are several where the template writes a turn otherwise once others follow it: each
   * answer stands in one of them, as it is when it is given.
   */
  encode(messages: readonly ChatMessage[], options?: TurnOptions): readonly ChatEncoding[];
  /** What the template writes where an answer ends. */
  answerEnd(): AnswerEnd;
}

/**
 * The chat that a tokenizer's template describes. Its functions throw a UsageError where the template
 * refuses the messages.
 *
 * @throws {UsageError} if the tokenizer has no chat template.
 * @throws {FormatError} if the template cannot be read.
 */
export function createChat(tokenizer: Tokenizer, options: ChatTemplateOptions = {}): Chat {
  const template = chatTemplate(tokenizer, options);
  return {
    render: template.render,

    encodePrompt: (messages, conversation) =>
      tokenizer.encode(template.render(messages, { ...conversation, addGenerationPrompt: true })),

    encode(messages, conversation) {
      if (!template.knowsCalls) refuseCalls(messages);
      return template.renderTurns(messages, conversation).map(turnEncoder(tokenizer));
    },

    answerEnd: () => answerEnd(template, tokenizer),
  };
}

/** @throws {UsageError} if a message calls a tool: without the call an empty answer would be learned. */
function refuseCalls(messages: readonly ChatMessage[]): void {
  const isCalling = ({ tool_calls: calls }: ChatMessage): boolean =>
    Array.isArray(calls) && calls.length > 0;
  if (!messages.some(isCalling)) return;
  throw new UsageError(
    "chat: the template leaves calls of tools out; got messages that have some",
    {
      hint: `give a ${option("chatTemplate")} that writes "tool_calls", or leave them out of the data`,
    },
  );
}
