/** @file Conversations as training data: rows with "messages", a list of {"role", "content"}. */

import { isObject } from "../../files/json.ts";
import type { ChatMessage } from "../../text/chat/chat-template.ts";
import { rowError, typeInWords } from "./cells.ts";
import type { ExampleReader } from "./reader.ts";

/** The messages of a conversation, in their order. */
export type Conversation = readonly ChatMessage[];

/** Conversations of a column; each has something that the assistant says. */
export const conversationReader = (column = "messages"): ExampleReader<Conversation> => ({
  what: "conversations",
  reader: (origin) => (placed) => {
    const fail = (message: string) => rowError(origin, placed.line, message);
    const messages = placed.row[column];
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
  },
});
