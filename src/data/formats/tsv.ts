/**
 * @file Tab-separated files, of whose cells none has a tab or a line end in it. Blank lines are left out.
 *
 * Columns are named by a header line, or numbered from 1; if all that are asked for are numbered, there is no header line. Where none
 * is asked for, there are two, the source and the target, and no header line either.
 */

import { FormatError, UsageError } from "../../errors.ts";
import { excerpt, isBlank, linesOf } from "./lines.ts";
import type { Format, OpenRequest, PlacedRow } from "./row.ts";

const SOURCE_AND_TARGET = ["source", "target"] as const;

export const tsv: Format = {
  extensions: [".tsv"],
  kinds: ["pairs", "labelled"],
  open: (request) => ({
    name: request.path,
    ...(request.columns === undefined && { ownColumns: SOURCE_AND_TARGET }),
    rows: () => rowsOf(request),
  }),
};

/** What stands where in a line. */
interface Layout {
  /** Cells of a line. */
  readonly width: number;
  readonly hasHeader: boolean;
  readonly places: readonly (readonly [name: string, index: number])[];
}

/**
 * @throws {UsageError} if a column is missing.
 * @throws {FormatError} with the line, if it has not as many cells as the first.
 */
async function* rowsOf(request: OpenRequest): AsyncGenerator<PlacedRow, void, undefined> {
  const { files, path } = request;
  let layout: Layout | undefined;
  for await (const { text, line } of linesOf(files, path)) {
    const cells = text.split("\t");
    layout ??= layoutOf(request, cells);
    const { width, hasHeader, places } = layout;
    const isEmpty = cells.length === 1 && isBlank(text);
    if (isEmpty || (hasHeader && line === 1)) continue;
    if (cells.length !== width) {
      const message = `line ${line}: expected ${width} columns; got ${cells.length}`;
      throw new FormatError(path, message, { offset: line });
    }
    yield { row: Object.fromEntries(places.map(([name, at]) => [name, cells[at]])), line };
  }
}

function layoutOf({ path, columns }: OpenRequest, first: readonly string[]): Layout {
  const width = first.length;
  if (columns === undefined) {
    if (width !== 2) {
      throw new FormatError(path, `line 1: expected 2 columns; got ${width}`, { offset: 1 });
    }
    return { width, hasHeader: false, places: SOURCE_AND_TARGET.map((name, at) => [name, at]) };
  }
  return {
    width,
    hasHeader: !columns.every(isNumber),
    places: columns.map((name) => [name, indexOf(name, first, path)]),
  };
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
