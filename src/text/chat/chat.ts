/**
 * @file Conversations as tokens, for training and for prompts.
 *
 * The text of a chat template has its special tokens already, so nothing is added. Tokens need not
 * end where a turn does: one that reaches into an answer, or out of it, counts as the answer's.
 */

import {
  type ChatMessage,
  chatTemplate,
  type ChatTemplateOptions,
  type Range,
  type RenderOptions,
} from "./chat-template.ts";
import type { Tokenizer } from "../tokenizers/tokenizer.ts";

/** The tokens of a conversation, and which of them the assistant says. */
export interface ChatEncoding {
  readonly ids: Int32Array;
  /** What the assistant says, with what ends its turns, in `ids`. */
  readonly assistant: readonly Range[];
}

/** Conversations as the template of a model writes them, in text and tokens. */
export interface Chat {
  /** The conversation as text. */
  render(messages: readonly ChatMessage[], options?: RenderOptions): string;
  /** The ids of a conversation that the assistant is to continue. */
  encodePrompt(messages: readonly ChatMessage[]): Int32Array;
  /** The ids of a whole conversation. */
  encode(messages: readonly ChatMessage[]): ChatEncoding;
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

    encodePrompt: (messages) =>
      tokenizer.encode(template.render(messages, { addGenerationPrompt: true })),

    encode(messages) {
      const { text, assistant } = template.renderTurns(messages);
      const ids = tokenizer.encode(text);
      const idsUpTo = (end: number) => tokenizer.encode(text.slice(0, end));
      const ranges = assistant.map(([start, end]): Range => {
        const before = idsUpTo(end);
        const shared = sharedLength(ids, before);
        return [sharedLength(ids, idsUpTo(start)), shared + (shared < before.length ? 1 : 0)];
      });
      return { ids, assistant: ranges.filter(([start, end]) => start < end) };
    },
  };
}

/** How many ids two texts begin with alike. */
function sharedLength(a: Int32Array, b: Int32Array): number {
  const differs = b.findIndex((id, i) => a[i] !== id);
  return differs === -1 ? b.length : differs;
}
