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
import { textChunks } from "../bytes/text-chunks.ts";
import { openShare } from "../bytes/row-share.ts";
import type { Format, OpenRequest, PlacedRow, RowSource } from "./row.ts";

/** A cell such as 5" pipe stays what it is, as many such files know no quotes. */
const TABS: RecordSyntax = { separators: ["\t"], allowsLoneQuotes: true };

/** Where the comma is a decimal point, spreadsheets write semicolons. */
const COMMAS: RecordSyntax = { separators: [",", ";", "\t"] };

export const tsv: Format = {
  extensions: [".tsv"],
  kinds: ["pairs", "labelled", "preferences"],
  open: (request) => openTable(request, TABS, request.isHeader ?? (() => false)),
};

export const csv: Format = {
  extensions: [".csv"],
  kinds: ["texts", "pairs", "labelled", "preferences"],
  open: (request) => openTable(request, COMMAS, () => true),
};

type IsHeader = (cells: readonly string[]) => boolean;

function openTable(request: OpenRequest, syntax: RecordSyntax, isHeader: IsHeader): RowSource {
  const { files, path } = request;
  // A quote whose end is in another share is an error here.
  const strict = { ...syntax, allowsLoneQuotes: false };
  const rowsIn = (chunks: AsyncIterable<string>, own: RecordSyntax) =>
    rowsOf(request, recordsOf(path, chunks, own), isHeader);
  return {
    name: path,
    rows: () => rowsIn(textChunks(files, path), syntax),
    share: (place) =>
      openShare(files, path, { ...place, rowsOf: (chunks) => rowsIn(chunks, strict) }),
  };
}

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
  records: AsyncIterable<TableRecord>,
  isHeader: IsHeader,
): AsyncGenerator<PlacedRow, void, undefined> {
  const { path } = request;
  let layout: Layout | undefined;
  for await (const record of records) {
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
  isHeader: IsHeader,
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
