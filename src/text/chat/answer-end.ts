/**
 * @file What ends an answer: what a template writes after it, as far as it is learned. A small conversation is rendered to see it; where
 * the template knows calls of tools, one that ends with a call too, since some end these otherwise.
 */

import { UsageError } from "../../errors.ts";
import type { Tokenizer } from "../tokenizers/tokenizer.ts";
import type { ChatTemplate } from "./chat-template.ts";
import type { ChatMessage } from "./message.ts";

/** Where generation is to stop. */
export interface AnswerEnd {
  /** Tokens that an answer is taught to end with; none where the template has none there. */
  readonly stopTokens: readonly number[];
  /** The text that it is taught to end with, where that is no such token. */
  readonly stopStrings: readonly string[];
  /** What people should know of it: that an answer is taught no end, or none that is a token. */
  readonly problem?: string;
}

const ANSWER = "Hello";
const QUESTION: ChatMessage = { role: "user", content: "Hi" };

/** Nine letters, as Mistral's templates want them. */
const CALL = {
  id: "abcdefghi",
  type: "function",
  function: { name: "time", arguments: { zone: "utc" } },
};

/** What ends an answer of a template. */
export function answerEnd(template: ChatTemplate, tokenizer: Tokenizer): AnswerEnd {
  const special = (text: string) =>
    [...tokenizer.encode(text)].filter((id) => tokenizer.specialTokens.has(id));
  const answer = said(template, [QUESTION, { role: "assistant", content: ANSWER }]);
  const at = answer?.lastIndexOf(ANSWER) ?? -1;
  // A template that cannot render so little, or writes the answer otherwise, says nothing.
  if (answer === undefined || at < 0) return { stopTokens: [], stopStrings: [] };
  const tail = answer.slice(at + ANSWER.length);
  const [stop] = special(tail);
  if (stop === undefined && tail.trim() !== "") {
    const end = tail.trimEnd();
    const problem =
      `an answer is taught to end with ${JSON.stringify(end)}, which is no token of its own: ` +
      "flora generate --chat stops there, other programs have to be told to";
    return { stopTokens: [], stopStrings: [end], problem };
  }
  if (stop === undefined) {
    return { stopTokens: [], stopStrings: [], problem: problemOf(template, tail) };
  }
  const call = template.knowsCalls
    ? said(template, [QUESTION, { role: "assistant", content: "", tool_calls: [CALL] }])
    : undefined;
  const callStop = call === undefined ? undefined : special(call).at(-1);
  const stopTokens = callStop === undefined ? [stop] : [...new Set([stop, callStop])];
  return { stopTokens, stopStrings: [] };
}

/** What the last message says; undefined if the template refuses the conversation. */
function said(template: ChatTemplate, messages: readonly ChatMessage[]): string | undefined {
  try {
    const { text, assistant } = template.renderTurns(messages).at(-1) ?? {};
    const range = assistant?.at(-1);
    return range && text?.slice(...range);
  } catch (error) {
    if (error instanceof UsageError) return undefined;
    throw error;
  }
}

function problemOf(template: ChatTemplate, tail: string): string {
  const [place] = template.source.match(/\{\{[^{}]*content[^{}]*\}\}/g)?.slice(-1) ?? [];
  const written = tail === "" ? "nothing" : `only ${JSON.stringify(tail)}`;
  return (
    `no token is learned that ends an answer: the template writes ${written} of the answer's own after ` +
    `${place ?? "the content"}; generation will run on, unless it is told to stop`
  );
}
