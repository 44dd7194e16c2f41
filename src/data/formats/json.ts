/**
 * @file Rows as JSON objects, whose fields are the columns: one a line, or the items of one list.
 *
 *   .jsonl   objects a line, blank lines left out; or a list
 *   .json    a list; or objects one after another, of however many lines
 */

import { FormatError } from "../../errors.ts";
import { isObject, type Json } from "../../files/json.ts";
import { jsonValues } from "./json-values.ts";
import { excerpt, fullLines, isBlank, type Line, withoutReturn } from "../bytes/lines.ts";
import type { Format, OpenRequest, PlacedRow } from "./row.ts";
import { textChunks } from "../bytes/text-chunks.ts";

const kinds = ["texts", "pairs", "conversations", "labelled"] as const;

export const jsonl: Format = {
  extensions: [".jsonl", ".ndjson"],
  kinds,
  open: (request) => ({ name: request.path, rows: () => rowsOf(request, fullLines) }),
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
  for await (const each of texts) {
    if (!isBlank(each.text)) yield { row: parseRow(path, each), line: each.line };
  }
}

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
