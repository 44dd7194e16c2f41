/**
 * @file Rows as JSON objects, whose fields are the columns: one a line, or the items of one list.
 *
 *   .jsonl   objects a line, blank lines left out; or a list
 *   .json    a list; or objects one after another, of however many lines; or one object that is a table: a list of rows under its only
 *            key, or a list for each column
 */

import { FormatError } from "../../errors.ts";
import { isObject, type Json } from "../../files/json.ts";
import { openShare } from "../bytes/row-share.ts";
import { jsonValues } from "./json-values.ts";
import { excerpt, fullLines, isBlank, type Line, withoutReturn } from "../bytes/lines.ts";
import type { Format, OpenRequest, PlacedRow, Row } from "./row.ts";
import { textChunks } from "../bytes/text-chunks.ts";

const kinds = ["texts", "pairs", "conversations", "labelled", "preferences"] as const;

export const jsonl: Format = {
  extensions: [".jsonl", ".ndjson"],
  kinds,
  open: (request) => {
    const { files, path } = request;
    return {
      name: path,
      rows: () => rowsOf(request, fullLines),
      // The first line of a list is no object.
      share: (place) =>
        openShare(files, path, {
          ...place,
          rowsOf: (chunks) => parsed(path, fullLines(path, chunks)),
        }),
    };
  },
};

export const json: Format = {
  extensions: [".json"],
  kinds,
  open: (request) => ({ name: request.path, rows: () => rowsOf(request, objects) }),
};

const objects = (path: string, chunks: AsyncIterable<string>): AsyncIterable<Line> =>
  jsonValues(path, chunks, { isList: false });

const items = (path: string, chunks: AsyncIterable<string>): AsyncIterable<Line> =>
  jsonValues(path, chunks, { isList: true });

/**
 * @param textsOf - the texts of the objects, where these do not stand in a list
 * @throws {FormatError} naming the line of what is no JSON object.
 */
async function* rowsOf(
  { files, path }: OpenRequest,
  textsOf: typeof items,
): AsyncGenerator<PlacedRow, void, undefined> {
  const chunks = textChunks(files, path);
  let start = "";
  for (let next = await chunks.next(); !next.done; next = await chunks.next()) {
    start += next.value;
    if (!isBlank(next.value)) break;
  }
  const isList = start.trimStart().startsWith("[");
  const texts = (isList ? items : textsOf)(path, continued(start, chunks));
  const rows = parsed(path, texts);
  yield* isList || textsOf !== objects ? rows : unfolded(path, rows);
}

async function* parsed(
  path: string,
  texts: AsyncIterable<Line>,
): AsyncGenerator<PlacedRow, void, undefined> {
  for await (const each of texts) {
    if (!isBlank(each.text)) yield { row: parseRow(path, each), line: each.line };
  }
}

/** Rows; where there is one alone that is a table, those of the table. */
async function* unfolded(
  path: string,
  rows: AsyncGenerator<PlacedRow, void, undefined>,
): AsyncGenerator<PlacedRow, void, undefined> {
  const first = await rows.next();
  if (first.done) return;
  const second = await rows.next();
  if (second.done) {
    const { row, line } = first.value;
    for (const each of tableRows(path, row) ?? [row]) yield { row: each, line };
  } else {
    yield first.value;
    yield second.value;
    yield* rows;
  }
}

/**
 * The rows of a table in one object; undefined if it is none.
 *
 * @throws {FormatError} if its columns are not equally long.
 */
function tableRows(path: string, table: Row): readonly Row[] | undefined {
  const columns = Object.entries(table).flatMap(([name, cells]) =>
    Array.isArray(cells) ? [{ name, cells: cells.map((cell: unknown) => cell) }] : [],
  );
  const [first, ...others] = columns;
  if (!first?.cells.length || columns.length < Object.keys(table).length) return undefined;
  // One conversation, or what stands beside its messages.
  if (columns.some(({ cells }) => cells.some(isMessage))) return undefined;
  if (others.length === 0 && first.cells.every(isObject)) return first.cells.filter(isObject);
  const other = others.find(({ cells }) => cells.length !== first.cells.length);
  if (other) {
    const got = [first, other].map(({ name, cells }) => `${cells.length} of "${name}"`);
    throw new FormatError(path, `columns must be equally long; got ${got.join(", ")}`);
  }
  return first.cells.map((_, i) =>
    Object.fromEntries(columns.map(({ name, cells }) => [name, cells[i]])),
  );
}

const isMessage = (value: unknown): boolean =>
  isObject(value) && ("role" in value || "from" in value);

async function* continued(
  start: string,
  others: AsyncGenerator<string, void, undefined>,
): AsyncGenerator<string, void, undefined> {
  yield start;
  yield* others;
}

function parseRow(path: string, { text, line }: Line): Json {
  const got = excerpt(withoutReturn(text.trimStart()));
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new FormatError(path, `line ${line}: not JSON; got ${got}`, { cause, offset: line });
  }
  if (isObject(value)) return value;
  throw new FormatError(path, `line ${line}: not a JSON object; got ${got}`, { offset: line });
}
