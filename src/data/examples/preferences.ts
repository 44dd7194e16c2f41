/**
 * @file Preferences: two answers to a prompt, of which "chosen" is better than "rejected". All are texts, or "chosen" and "rejected" are
 * lists of messages; what both lists begin with belongs to the prompt, and may be all of it.
 */

import { isObject } from "../../files/json.ts";
import type { ChatMessage } from "../../text/chat/message.ts";
import type { PlacedRow, Row } from "../formats/row.ts";
import { cellOf, cellsOf, type Origin, rowError, typeInWords } from "./cells.ts";
import { OF_TRAINING, ofMessage, variablesOf, withoutColumns } from "./conversations.ts";
import { type Fail, messageOf } from "./messages.ts";
import type { ExampleReader } from "./reader.ts";
import { rowWeight, type Weighted } from "./row-weight.ts";

/** A text, or messages. */
export type Said = string | readonly ChatMessage[];

/** Two answers to a prompt; all three are texts, or all messages. */
export interface Preference extends Weighted {
  readonly prompt: Said;
  readonly chosen: Said;
  readonly rejected: Said;
  /** What a template is told besides messages. */
  readonly variables?: Readonly<Record<string, unknown>>;
}

/** The columns that preferences stand in. */
export const PREFERENCE_COLUMNS = ["prompt", "chosen", "rejected"] as const;

const [PROMPT, CHOSEN, REJECTED] = PREFERENCE_COLUMNS;

/** Preferences of the usual columns. */
export const preferenceReader: ExampleReader<Preference> = {
  what: "preferences",
  columns: (_, { row }) =>
    `${cellOf(row, PROMPT) ? `${PROMPT} -> ` : ""}${CHOSEN} over ${REJECTED}`,
  reader:
    (origin, { row }) =>
    (placed) =>
      Array.isArray(row[CHOSEN]) ? ofMessages(placed, origin) : ofTexts(placed, origin),
};

function ofTexts(placed: PlacedRow, origin: Origin): Preference {
  const { row, line } = placed;
  if (!cellOf(row, PROMPT) && typeof row[CHOSEN] === "string") {
    const message = `answers that are texts need "${PROMPT}" beside them; lists of messages may begin with it`;
    throw rowError(origin, line, message);
  }
  const columns = PREFERENCE_COLUMNS.map((name) => ({ name }));
  const [prompt = "", chosen = "", rejected = ""] = cellsOf(placed, columns, origin);
  return { prompt, chosen, rejected, ...rowWeight(placed, origin, PREFERENCE_COLUMNS) };
}

function ofMessages(placed: PlacedRow, origin: Origin): Preference {
  const { row, line } = placed;
  const fail = (message: string) => rowError(origin, line, message);
  const [chosen, rejected] = [messagesIn(row, CHOSEN, fail), messagesIn(row, REJECTED, fail)];
  const given = promptIn(row, fail);
  const shared = sharedBeginning(chosen, rejected);
  const beginning = chosen.slice(0, shared);
  const repeated = beginning.slice(beginning.length - given.length);
  const isRepeated = shared >= given.length && given.every((each, i) => isSame(each, repeated[i]));
  const prompt = isRepeated ? beginning : [...given, ...beginning];
  if (prompt.length === 0) {
    throw fail(`needs "${PROMPT}", or messages that both answers begin with; got none`);
  }
  const answers = { chosen: chosen.slice(shared), rejected: rejected.slice(shared) };
  for (const [name, messages] of Object.entries(answers)) {
    if (messages.some(({ role }) => role === "assistant")) continue;
    const roles = messages.map(({ role }) => role).join(", ");
    throw fail(`"${name}" must have a message of the assistant; got ${roles || "none"}`);
  }
  const others = withoutColumns(row, [...PREFERENCE_COLUMNS, ...OF_TRAINING]);
  return {
    prompt,
    ...answers,
    variables: variablesOf(others, fail),
    ...rowWeight(placed, origin, PREFERENCE_COLUMNS),
  };
}

function promptIn(row: Row, fail: Fail): readonly ChatMessage[] {
  const cell = row[PROMPT] ?? undefined;
  if (cell === undefined || cell === "") return [];
  return typeof cell === "string"
    ? [{ role: "user", content: cell }]
    : messagesIn(row, PROMPT, fail);
}

function messagesIn(row: Row, column: string, fail: Fail): readonly ChatMessage[] {
  const cell = row[column];
  if (!Array.isArray(cell)) {
    throw fail(`"${column}" must be a list of messages; got ${typeInWords(cell)}`);
  }
  return cell.map((message: unknown, i) =>
    messageOf(message, (words) => ofMessage(i, fail)(`of "${column}" ${words}`)),
  );
}

/** How many messages two lists begin with alike, short of the last of either. */
function sharedBeginning(a: readonly ChatMessage[], b: readonly ChatMessage[]): number {
  const most = Math.max(0, Math.min(a.length, b.length) - 1);
  const first = a.slice(0, most).findIndex((message, i) => !isSame(message, b[i]));
  return first < 0 ? most : first;
}

/** Whether two messages say the same, whatever the order of their fields. */
const isSame = (a: unknown, b: unknown): boolean => written(a) === written(b);

const written = (value: unknown): string =>
  JSON.stringify(value, (_, part: unknown) =>
    isObject(part)
      ? Object.fromEntries(Object.entries(part).toSorted(([x], [y]) => (x < y ? -1 : 1)))
      : part,
  );
