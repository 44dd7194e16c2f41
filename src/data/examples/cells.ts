/** @file Cells of a row, by the names of their columns. */

import { FormatError, UsageError } from "../../errors.ts";
import { isObject } from "../../files/json.ts";
import { excerpt } from "../bytes/lines.ts";
import type { PlacedRow, Row, RowSource } from "../formats/row.ts";

/** Where rows come from, for messages. */
export type Origin = Pick<RowSource, "name" | "unit">;

export interface Column {
  readonly name: string;
  /** Whether it may also hold a number, true or false. */
  readonly isScalar?: boolean;
  /** Whether null stands for an empty text. */
  readonly mayBeNull?: boolean;
}

/**
 * The texts in some columns of a row.
 *
 * @throws {UsageError} if a column is missing.
 * @throws {FormatError} with the line, if a cell is not text.
 */
export function cellsOf(
  placed: PlacedRow,
  columns: readonly Column[],
  origin: Origin,
): readonly string[] {
  const { row, line } = placed;
  return columns.map(({ name, isScalar = false, mayBeNull = false }) => {
    const cell = cellOf(row, name);
    if (!cell) {
      const got = Object.keys(row).map(excerpt).join(", ") || "none";
      const where = `${origin.name}, ${origin.unit ?? "line"} ${line}`;
      throw new UsageError(`data: no column "${name}" in ${where}; got ${got}`, {
        hint: "name one of these columns; rows of another form belong into a run of their own",
      });
    }
    const { value } = cell;
    if (typeof value === "string") return value;
    if (value === null && mayBeNull) return "";
    if (isScalar && (typeof value === "number" || typeof value === "boolean")) return String(value);
    const allowed = isScalar ? "a string or a number" : "a string";
    throw rowError(origin, line, `"${name}" must be ${allowed}; got ${typeInWords(value)}`);
  });
}

/** What stands in a column, if there is one; a dot leads into an object: "translation.de". */
export function cellOf(row: Row, name: string): { readonly value: unknown } | undefined {
  if (Object.hasOwn(row, name)) return { value: row[name] };
  const [head = "", ...rest] = name.split(".");
  const within = rest.length > 0 && Object.hasOwn(row, head) ? row[head] : undefined;
  return isObject(within) ? cellOf(within, rest.join(".")) : undefined;
}

export const hasColumns = (row: Row | undefined, columns: readonly string[]): boolean =>
  row !== undefined && columns.every((column) => cellOf(row, column) !== undefined);

/** What is wrong with the row at a place. */
export const rowError = (
  { name, unit = "line" }: Origin,
  line: number,
  message: string,
): FormatError => new FormatError(name, `${unit} ${line}: ${message}`, { offset: line });

/** The type of a JSON value in words. */
export const typeInWords = (value: unknown): string =>
  Array.isArray(value) ? "an array" : value === null ? "null" : typeof value;
