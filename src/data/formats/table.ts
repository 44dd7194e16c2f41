/**
 * @file Tables: a record a row, with tabs or commas between its cells. Blank lines are left out.
 *
 *   columns that are asked for     header line
 *   some by name                   yes
 *   all by number, from 1 on       no
 *   none                           CSV yes; TSV only if it names the columns of pairs, otherwise there are two, source and target
 */

import { FormatError, UsageError } from "../../errors.ts";
import { excerpt, isBlank } from "../bytes/lines.ts";
import { type RecordSyntax, recordsOf, type TableRecord } from "./records.ts";
import type { Format, OpenRequest, PlacedRow } from "./row.ts";

/** A cell such as 5" pipe stays what it is, as many such files know no quotes. */
const TABS: RecordSyntax = { separators: ["\t"], allowsLoneQuotes: true };

/** Where the comma is a decimal point, spreadsheets write semicolons. */
const COMMAS: RecordSyntax = { separators: [",", ";", "\t"] };

export const tsv: Format = {
  extensions: [".tsv"],
  kinds: ["pairs", "labelled", "preferences"],
  open: (request) => ({
    name: request.path,
    rows: () => rowsOf(request, TABS, request.isHeader ?? (() => false)),
  }),
};

export const csv: Format = {
  extensions: [".csv"],
  kinds: ["texts", "pairs", "labelled", "preferences"],
  open: (request) => ({ name: request.path, rows: () => rowsOf(request, COMMAS, () => true) }),
};

/** What stands where in a record. */
interface Layout {
  /** Cells of a record. */
  readonly width: number;
  readonly hasHeader: boolean;
  readonly places: readonly (readonly [name: string, index: number])[];
}

/**
 * @throws {UsageError} if a column is missing.
 * @throws {FormatError} with the line, if it has not as many cells as the first, and as `recordsOf` does.
 */
async function* rowsOf(
  request: OpenRequest,
  syntax: RecordSyntax,
  isHeader: (cells: readonly string[]) => boolean,
): AsyncGenerator<PlacedRow, void, undefined> {
  const { files, path } = request;
  let layout: Layout | undefined;
  for await (const record of recordsOf(files, path, syntax)) {
    const { cells, line } = record;
    if (cells.length === 1 && isBlank(cells[0] ?? "")) continue;
    const isFirst = layout === undefined;
    layout ??= layoutOf(request, record, isHeader);
    const { width, hasHeader, places } = layout;
    if (hasHeader && isFirst) continue;
    if (cells.length !== width) {
      const message = `line ${line}: expected ${width} columns; got ${cells.length}`;
      throw new FormatError(path, message, { offset: line });
    }
    yield { row: Object.fromEntries(places.map(([name, at]) => [name, cells[at]])), line };
  }
}

function layoutOf(
  { path, columns }: OpenRequest,
  { cells: first, line }: TableRecord,
  isHeader: (cells: readonly string[]) => boolean,
): Layout {
  const width = first.length;
  const checkOnce = (names: readonly string[]): void => {
    const twice = names.find(
      (name) => !isBlank(name) && first.indexOf(name) !== first.lastIndexOf(name),
    );
    if (twice === undefined) return;
    const message = `line ${line}: two columns have one name; got ${excerpt(twice)}`;
    throw new FormatError(path, message, { offset: line });
  };
  if (columns) {
    checkOnce(columns.filter((name) => !isNumber(name)));
    const places = columns.map((name) => [name, indexOf(name, first, path)] as const);
    return { width, hasHeader: !columns.every(isNumber), places };
  }
  if (isHeader(first)) {
    checkOnce(first);
    return { width, hasHeader: true, places: first.map((name, at) => [name, at]) };
  }
  if (width === 2) {
    return { width, hasHeader: false, places: ["source", "target"].map((name, at) => [name, at]) };
  }
  throw new FormatError(path, `line ${line}: expected 2 columns; got ${width}`, { offset: line });
}

const isNumber = (name: string): boolean => /^[1-9]\d*$/.test(name);

function indexOf(name: string, first: readonly string[], path: string): number {
  const index = isNumber(name) ? Number(name) - 1 : first.indexOf(name);
  if (index >= 0 && index < first.length) return index;
  const got = first.map(excerpt).join(", ") || "none";
  throw new UsageError(`data: no column "${name}" in ${path}; got ${got}`, {
    hint: isNumber(name)
      ? `the first line has ${first.length} columns`
      : 'name one of these columns, or, without a header line, its number: "1" is the first',
  });
}
