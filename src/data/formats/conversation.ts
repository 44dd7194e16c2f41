/**
 * @file Conversations as training data: JSONL files whose lines have "messages", a list of
 * {"role", "content"}.
 */

import { FormatError } from "../../errors.ts";
import type { ChatMessage } from "../../text/chat/chat-template.ts";
import { isObject } from "../../files/json.ts";
import { readJsonLines, typeInWords } from "./jsonl.ts";

/** The messages of a conversation, in their order. */
export type Conversation = readonly ChatMessage[];

/**
 * The conversations of a JSONL file, one a line.
 *
 * @throws {FormatError} if a line has no messages, or the assistant says nothing in it.
 */
export async function readConversations(
  path: string,
  column = "messages",
): Promise<Conversation[]> {
  const lines = await readJsonLines(path);
  if (lines.length === 0) throw new FormatError(path, "there are no conversations in it");
  return lines.map(({ line, object }) => {
    const fail = (message: string) =>
      new FormatError(path, `line ${line}: ${message}`, { offset: line });
    const messages = object[column];
    if (!Array.isArray(messages)) {
      throw fail(`"${column}" must be a list of messages; got ${typeInWords(messages)}`);
    }
    const conversation = messages.map((message: unknown, i): ChatMessage => {
      const { role, content }: Readonly<Record<string, unknown>> = isObject(message) ? message : {};
      if (typeof role === "string" && typeof content === "string") return { role, content };
      const got = isObject(message)
        ? `${typeInWords(role)} and ${typeInWords(content)}`
        : typeInWords(message);
      throw fail(`message ${i + 1} must have "role" and "content", both strings; got ${got}`);
    });
    if (conversation.some(({ role }) => role === "assistant")) return conversation;
    const roles = [...new Set(conversation.map(({ role }) => role))].join(", ");
    throw fail(`one message must have the role "assistant"; got ${roles || "no messages"}`);
  });
}
