/**
 * @file Conversations as training data. Their messages stand in "messages" or "conversations", or in "prompt" and "completion" where
 * both are lists; what else a row has is for the template.
 */

import { isObject } from "../../files/json.ts";
import type { ChatMessage } from "../../text/chat/message.ts";
import type { Row } from "../formats/row.ts";
import { hasColumns, rowError, typeInWords } from "./cells.ts";
import { type Fail, jsonIn, messageOf } from "./messages.ts";
import type { ExampleReader } from "./reader.ts";
import { isSilent } from "./silent-turns.ts";

/** Messages in their order, and what the template is told besides. */
export interface Conversation {
  readonly messages: readonly ChatMessage[];
  /** Variables of the template: "tools", "documents", and all else that stood beside the messages. */
  readonly variables?: Readonly<Record<string, unknown>>;
  /** Indices of the messages that are not learned, whoever says them. */
  readonly silent?: ReadonlySet<number>;
}

/** Columns that hold messages. */
const MESSAGES = ["messages", "conversations"] as const;

/** What training says itself: whether an answer is asked for, and in which way. */
const OF_TRAINING = ["add_generation_prompt", "continue_final_message", "chat_template"];

/** Variables that may be written as JSON in a string. */
const MAY_BE_JSON = ["tools", "documents", "functions", "chat_template_kwargs"];

/** Of a pair, or of two lists of messages. */
const PROMPT_COLUMNS: readonly string[] = ["prompt", "completion"];

/** Whether a row has messages in it. */
export const hasMessages = (row: Row): boolean =>
  MESSAGES.some((column) => hasColumns(row, [column])) || hasPromptMessages(row);

const hasPromptMessages = (row: Row): boolean =>
  hasColumns(row, PROMPT_COLUMNS) && PROMPT_COLUMNS.every((column) => Array.isArray(row[column]));

/** Conversations of a column, or of the usual ones; each has something that the assistant says. */
export const conversationReader = (column?: string): ExampleReader<Conversation> => ({
  what: "conversations",
  reader: (origin) => (placed) => {
    const fail = (message: string) => rowError(origin, placed.line, message);
    const { columns, lists } = messageLists(placed.row, column, fail);
    const messages = lists.flat().map((message, i) => messageOf(message, ofMessage(i, fail)));
    const { system, ...others } = withoutColumns(placed.row, [...columns, ...OF_TRAINING]);
    const told = systemMessage(system, messages);
    const conversation = [...told, ...messages];
    if (!conversation.some(({ role }) => role === "assistant")) {
      const roles = [...new Set(conversation.map(({ role }) => role))].join(", ");
      throw fail(`one message must have the role "assistant"; got ${roles || "no messages"}`);
    }
    // A prompt is read, never learned.
    const given = told.length + lists.slice(0, -1).flat().length;
    const silent = conversation.flatMap((message, i) =>
      i < given || isSilent(message, ofMessage(i - told.length, fail)) ? [i] : [],
    );
    const rest = told.length > 0 || system === undefined ? others : { ...others, system };
    return {
      messages: conversation,
      variables: variablesOf(rest, fail),
      silent: new Set(silent),
    };
  },
});

const ofMessage =
  (index: number, fail: Fail): Fail =>
  (message) =>
    fail(`message ${index + 1} ${message}`);

interface MessageLists {
  readonly columns: readonly string[];
  readonly lists: readonly (readonly unknown[])[];
}

function messageLists(row: Row, named: string | undefined, fail: Fail): MessageLists {
  const usual = MESSAGES.find((column) => hasColumns(row, [column]));
  const columns =
    named === undefined && usual === undefined && hasPromptMessages(row)
      ? PROMPT_COLUMNS
      : [named ?? usual ?? MESSAGES[0]];
  const lists = columns.map((column) => {
    const cell = row[column];
    const list: unknown = typeof cell === "string" ? jsonIn(cell) : cell;
    if (Array.isArray(list)) return list;
    throw fail(`"${column}" must be a list of messages; got ${typeInWords(cell)}`);
  });
  return { columns, lists };
}

const withoutColumns = (row: Row, columns: readonly string[]): Row =>
  Object.fromEntries(Object.entries(row).filter(([name]) => !columns.includes(name)));

/** ShareGPT's rows have it in a column of its own. */
function systemMessage(system: unknown, messages: readonly ChatMessage[]): readonly ChatMessage[] {
  const isTold = messages.some(({ role }) => role === "system" || role === "developer");
  return typeof system === "string" && system !== "" && !isTold
    ? [{ role: "system", content: system }]
    : [];
}

function variablesOf(row: Row, fail: Fail): Readonly<Record<string, unknown>> {
  const { chat_template_kwargs: named, ...variables } = Object.fromEntries(
    Object.entries(row).map(([name, value]) => {
      if (!MAY_BE_JSON.includes(name) || typeof value !== "string") return [name, value] as const;
      if (value.trim() === "") return [name, null] as const;
      const read = jsonIn(value);
      if (read === undefined) throw fail(`"${name}" must be JSON; got a text`);
      return [name, read] as const;
    }),
  );
  return isObject(named) ? { ...variables, ...named } : variables;
}
