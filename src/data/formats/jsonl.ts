/** @file Files of one JSON object a line: its fields are the columns. Blank lines are left out. */

import { FormatError } from "../../errors.ts";
import { isObject, type Json } from "../../files/json.ts";
import { excerpt, isBlank, type Line, linesOf } from "./lines.ts";
import type { Format, OpenRequest, PlacedRow } from "./row.ts";

export const jsonl: Format = {
  extensions: [".jsonl", ".ndjson"],
  kinds: ["texts", "pairs", "conversations", "labelled"],
  open: (request) => ({ name: request.path, rows: () => rowsOf(request) }),
};

/** @throws {FormatError} naming the line that is no JSON object. */
async function* rowsOf({ files, path }: OpenRequest): AsyncGenerator<PlacedRow, void, undefined> {
  for await (const each of linesOf(files, path)) {
    if (!isBlank(each.text)) yield { row: parseLine(path, each), line: each.line };
  }
}

function parseLine(path: string, { text, line }: Line): Json {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    const message = `line ${line}: not JSON; got ${excerpt(text)}`;
    throw new FormatError(path, message, { cause, offset: line });
  }
  if (isObject(value)) return value;
  const message = `line ${line}: not a JSON object; got ${excerpt(text)}`;
  throw new FormatError(path, message, { offset: line });
}
