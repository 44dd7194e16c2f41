/**
 * @file Columns of a file of lines.
 *
 *   tsv     tab-separated cells, of which none has a tab or a line end in it. Columns are named by a header line, or numbered from 1;
 *           without a name there is no header line
 *   jsonl   one JSON object a line, its columns by name
 */

import { FormatError, UsageError } from "../../errors.ts";
import { excerpt, isBlank, type JsonLine, typeInWords } from "./jsonl.ts";

/** The wanted cells of a line, which is counted from 1. */
export interface Row {
  readonly line: number;
  readonly cells: readonly string[];
}

export interface Column {
  /** Its name; or its number from 1 on, in a TSV file. */
  readonly name: string;
  /** Whether JSON may also hold a number, true or false. */
  readonly isScalar?: boolean;
}

/**
 * The rows of a TSV file; blank lines are left out.
 *
 * @throws {UsageError} if a column is missing.
 * @throws {FormatError} with the line, if it has not as many cells as the first.
 */
export function tsvRows(
  path: string,
  lines: readonly string[],
  columns: readonly Column[],
): readonly Row[] {
  const table = lines.map((text) => text.split("\t"));
  const [first = []] = table;
  const indices = columns.map((column) => columnIndex(path, column, first));
  const hasHeader = !columns.every(isNumbered);
  return table.flatMap((cells, i): Row[] => {
    const line = i + 1;
    const isEmpty = cells.length === 1 && isBlank(cells[0] ?? "");
    if (isEmpty || (hasHeader && i === 0)) return [];
    if (cells.length !== first.length) {
      const message = `line ${line}: expected ${first.length} columns; got ${cells.length}`;
      throw new FormatError(path, message, { offset: line });
    }
    return [{ line, cells: indices.map((index) => cells[index] ?? "") }];
  });
}

const isNumbered = ({ name }: Column): boolean => /^[1-9]\d*$/.test(name);

function columnIndex(path: string, column: Column, first: readonly string[]): number {
  const { name } = column;
  const index = isNumbered(column) ? Number(name) - 1 : first.indexOf(name);
  if (index >= 0 && index < first.length) return index;
  const hint = isNumbered(column)
    ? `the first line has ${first.length} columns`
    : 'name one of these columns, or, without a header line, its number: "1" is the first';
  throw unknownColumn(path, name, { columns: first, hint });
}

/**
 * The rows of the objects of a file.
 *
 * @throws {UsageError} if a column is missing.
 * @throws {FormatError} with the line, if a cell is not text.
 */
export function jsonRows(
  path: string,
  objects: readonly JsonLine[],
  columns: readonly Column[],
): readonly Row[] {
  return objects.map(({ line, object }): Row => {
    const cells = columns.map(({ name, isScalar = false }) => {
      if (!Object.hasOwn(object, name)) {
        const hint = "name one of these columns";
        throw unknownColumn(`${path}, line ${line}`, name, { columns: Object.keys(object), hint });
      }
      const value = object[name];
      if (typeof value === "string") return value;
      if (isScalar && (typeof value === "number" || typeof value === "boolean")) {
        return String(value);
      }
      const allowed = isScalar ? "a string or a number" : "a string";
      const message = `line ${line}: "${name}" must be ${allowed}; got ${typeInWords(value)}`;
      throw new FormatError(path, message, { offset: line });
    });
    return { line, cells };
  });
}

interface KnownColumns {
  readonly columns: readonly string[];
  readonly hint: string;
}

const unknownColumn = (where: string, name: string, { columns, hint }: KnownColumns): UsageError =>
  new UsageError(
    `data: no column "${name}" in ${where}; got ${columns.map(excerpt).join(", ") || "none"}`,
    { hint },
  );
