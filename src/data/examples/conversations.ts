/**
 * @file Conversations as training data. Their messages stand in "messages", or a column of another usual name, or in "prompt" and
 * "completion" where one of them is a list; what else a row has is for the template.
 */

import { isObject } from "../../files/json.ts";
import type { ChatMessage } from "../../text/chat/message.ts";
import type { Row } from "../formats/row.ts";
import { cellOf, hasColumns, rowError, typeInWords } from "./cells.ts";
import { type Fail, jsonIn, messageOf } from "./messages.ts";
import type { ExampleReader } from "./reader.ts";
import { rowWeight, WEIGHT_COLUMN, type Weighted } from "./row-weight.ts";
import { isSilent } from "./silent-turns.ts";

/** Messages in their order, and what the template is told besides. */
export interface Conversation extends Weighted {
  readonly messages: readonly ChatMessage[];
  /** Variables of the template: "tools", "documents", and all else that stood beside the messages. */
  readonly variables?: Readonly<Record<string, unknown>>;
  /** Indices of the messages that are not learned, whoever says them. */
  readonly silent?: ReadonlySet<number>;
}

/** Columns that hold messages. */
const MESSAGES = ["messages", "conversations"] as const;

/** Columns that do if there is a list of objects in them: some have other things under these names. */
const PERHAPS_MESSAGES = ["conversation", "chat", "dialog", "dialogue", "turns"] as const;

/** What training says itself: whether an answer is asked for, in which way, and how much it counts. */
export const OF_TRAINING: readonly string[] = [
  "add_generation_prompt",
  "continue_final_message",
  "chat_template",
  WEIGHT_COLUMN,
];

/** Variables that may be written as JSON in a string. */
const MAY_BE_JSON = ["tools", "documents", "functions", "chat_template_kwargs"];

/** Of a pair, or of two lists of messages. */
const PROMPT_COLUMNS: readonly string[] = ["prompt", "completion"];

/** Whether a row has messages in it. */
export const hasMessages = (row: Row): boolean =>
  usualColumn(row) !== undefined || hasPromptMessages(row);

const usualColumn = (row: Row): string | undefined =>
  MESSAGES.find((column) => hasColumns(row, [column])) ??
  PERHAPS_MESSAGES.find((column) => isObject(listIn(row[column])?.[0]));

const hasPromptMessages = (row: Row): boolean =>
  hasColumns(row, PROMPT_COLUMNS) && PROMPT_COLUMNS.some((column) => Array.isArray(row[column]));

/** The list that a cell holds, which may be JSON in a string. */
function listIn(cell: unknown): readonly unknown[] | undefined {
  const list = typeof cell === "string" ? jsonIn(cell) : cell;
  return Array.isArray(list) ? list : undefined;
}

/** The columns that the messages of a row are read from. */
function columnsOf(row: Row, named: string | undefined): readonly string[] {
  const usual = named ?? usualColumn(row);
  if (usual !== undefined) return [usual];
  return hasPromptMessages(row) ? PROMPT_COLUMNS : [MESSAGES[0]];
}

/** Conversations of a column, or of the usual ones; each has something that the assistant says. */
export const conversationReader = (column?: string): ExampleReader<Conversation> => ({
  what: "conversations",
  columns: (_, { row }) => columnsOf(row, column).join(", "),
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
      ...rowWeight(placed, origin, columns),
    };
  },
});

/** Errors about the message at a place, counted from 0. */
export const ofMessage =
  (index: number, fail: Fail): Fail =>
  (message) =>
    fail(`message ${index + 1} ${message}`);

interface MessageLists {
  readonly columns: readonly string[];
  readonly lists: readonly (readonly unknown[])[];
}

function messageLists(row: Row, named: string | undefined, fail: Fail): MessageLists {
  const columns = columnsOf(row, named);
  const lists = columns.map((column, i) => {
    const cell = cellOf(row, column);
    const list = listIn(cell?.value);
    if (list) return list;
    // One of prompt and completion may be a text.
    if (columns.length > 1 && typeof cell?.value === "string") {
      const content = cell.value;
      return content === "" ? [] : [{ role: i === 0 ? "user" : "assistant", content }];
    }
    if (!cell) throw fail(`no column "${column}"; got ${Object.keys(row).join(", ") || "none"}`);
    throw fail(`"${column}" must be a list of messages; got ${typeInWords(cell.value)}`);
  });
  return { columns, lists };
}

/** A row without some of its columns. */
export const withoutColumns = (row: Row, columns: readonly string[]): Row =>
  Object.fromEntries(Object.entries(row).filter(([name]) => !columns.includes(name)));

/** ShareGPT's rows have it in a column of its own. */
function systemMessage(system: unknown, messages: readonly ChatMessage[]): readonly ChatMessage[] {
  const isTold = messages.some(({ role }) => role === "system" || role === "developer");
  return typeof system === "string" && system !== "" && !isTold
    ? [{ role: "system", content: system }]
    : [];
}

/** What a template is told besides messages. @throws what `fail` makes, if JSON is asked for and is none. */
export function variablesOf(row: Row, fail: Fail): Readonly<Record<string, unknown>> {
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
