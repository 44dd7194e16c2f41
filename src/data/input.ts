/** @file What data may be given as: paths, rows in memory, or a source of rows of one's own. */

import { isObject } from "../files/json.ts";
import { UsageError } from "../errors.ts";
import { rowError, typeInWords } from "./examples/cells.ts";
import type { PlacedRow, Row, RowSource } from "./formats/row.ts";

/** Rows, all at once or one after another. */
export type Rows = Iterable<Row> | AsyncIterable<Row>;

/**
 * A path or several; or rows such as { text }, { source, target }, { messages } or { text, label }. A function may return the rows
 * anew each time that they are read.
 */
export type DataInput = string | readonly string[] | RowSource | Rows | (() => Rows);

/** The paths of an input; undefined if it is rows. */
export function pathsOf(input: DataInput): readonly string[] | undefined {
  if (typeof input === "string") return [input];
  if (!Array.isArray(input) || input.length === 0) return undefined;
  const items: readonly unknown[] = input;
  const paths = items.filter((item) => typeof item === "string");
  return paths.length === items.length ? paths : undefined;
}

/** Rows that somebody gives, called `name` in messages. */
export function sourceOf(input: DataInput, name = "data"): RowSource {
  if (isRowSource(input)) return input;
  let isSpent = false;
  return {
    name,
    unit: "row",
    async *rows() {
      if (isSpent) {
        throw new UsageError(`${name}: the rows are read a second time; got an iterator`, {
          hint: "give a list, or a function that returns the rows",
        });
      }
      const rows: unknown = typeof input === "function" ? input() : input;
      isSpent = typeof input !== "function" && isIterator(rows);
      if (!isIterable(rows)) {
        throw new UsageError(`${name}: must be paths or rows; got ${typeInWords(rows)}`);
      }
      let line = 0;
      for await (const row of rows) yield placed(row, (line += 1), name);
    },
  };
}

function placed(row: unknown, line: number, name: string): PlacedRow {
  if (isObject(row)) return { row, line };
  const got = typeInWords(row);
  throw rowError({ name, unit: "row" }, line, `must be an object of columns; got ${got}`);
}

const isRowSource = (input: unknown): input is RowSource =>
  isObject(input) && typeof input["rows"] === "function" && typeof input["name"] === "string";

const isIterable = (rows: unknown): rows is AsyncIterable<unknown> | Iterable<unknown> =>
  typeof rows === "object" &&
  rows !== null &&
  (Symbol.asyncIterator in rows || Symbol.iterator in rows);

/** Whether rows are gone once they are read. */
const isIterator = (rows: unknown): boolean =>
  typeof rows === "object" && rows !== null && "next" in rows;
