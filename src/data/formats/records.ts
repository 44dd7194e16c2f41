/**
 * @file The records of a table, mostly one a line, as cells with separators between (RFC 4180).
 *
 * A cell that begins with a quote ends with one. What stands between is taken as it is, separators and line ends too; two quotes in a row
 * are one. Within other cells quotes are ordinary characters.
 */

import { FormatError } from "../../errors.ts";
import {
  checkLength,
  excerpt,
  fullLines,
  type Line,
  MOST_CHARACTERS,
  withoutReturn,
} from "../bytes/lines.ts";

const QUOTE = '"';

/** The cells of a record. */
export interface TableRecord {
  readonly cells: readonly string[];
  /** Where it begins, from 1 on. */
  readonly line: number;
}

/** How records are written. */
export interface RecordSyntax {
  /** What may stand between cells; of these, the first that occurs in the first line. */
  readonly separators: readonly [string, ...string[]];
  /** Whether what begins with a quote, but does not end with one, is a cell as it stands; an error by default. */
  readonly allowsLoneQuotes?: boolean;
}

/** @throws {FormatError} if a quoted cell does not end where it should, and as `fullLines` does. */
export async function* recordsOf(
  path: string,
  chunks: AsyncIterable<string>,
  { separators, allowsLoneQuotes = false }: RecordSyntax,
): AsyncGenerator<TableRecord, void, undefined> {
  const lines = rereadable(fullLines(path, chunks));
  let separator: string | undefined;
  for (let line = await lines.next(); line; line = await lines.next()) {
    const { text } = line;
    separator ??= separators.find((each) => text.includes(each)) ?? separators[0];
    const cells = text.includes(QUOTE)
      ? await cellsFrom(line, { path, lines, separator, allowsLoneQuotes })
      : withoutReturn(text).split(separator);
    yield { cells, line: line.line };
  }
}

interface Place {
  readonly path: string;
  readonly lines: Lines;
  readonly separator: string;
  readonly allowsLoneQuotes: boolean;
}

/** The cells of the record that begins with a line. */
async function cellsFrom(first: Line, place: Place): Promise<readonly string[]> {
  const { separator } = place;
  const cells: string[] = [];
  let line = first;
  let at = 0;
  for (;;) {
    const text = withoutReturn(line.text);
    const quoted = text[at] === QUOTE ? await quotedCell(line, at, place) : undefined;
    if (quoted) {
      cells.push(quoted.cell);
      ({ line, end: at } = quoted);
    } else {
      const next = text.indexOf(separator, at);
      const end = next < 0 ? text.length : next;
      cells.push(text.slice(at, end));
      at = end;
    }
    if (at === withoutReturn(line.text).length) return cells;
    at += separator.length;
  }
}

interface QuotedCell {
  readonly cell: string;
  /** The line that it ends in, and where in it. */
  readonly line: Line;
  readonly end: number;
}

/** The cell whose quote stands at a place of a line; undefined if it is none, and need not be. */
async function quotedCell(
  first: Line,
  at: number,
  { path, lines, separator, allowsLoneQuotes }: Place,
): Promise<QuotedCell | undefined> {
  const parts: string[] = [];
  const further: Line[] = [];
  let length = 0;
  let from = at + 1;
  for (let line: Line | undefined = first; line; from = 0) {
    const close = closingQuote(line.text, from);
    if (close >= 0) {
      const text = withoutReturn(line.text);
      const end = close + 1;
      if (end === text.length || text.startsWith(separator, end)) {
        const cell = parts.join("") + text.slice(from, close);
        return { cell: cell.replaceAll(QUOTE + QUOTE, QUOTE), line, end };
      }
      break;
    }
    parts.push(`${line.text.slice(from)}\n`);
    length += line.text.length;
    if (allowsLoneQuotes && length > MOST_CHARACTERS) break;
    checkLength(path, first.line, length);
    line = await lines.next();
    if (line) further.push(line);
  }
  if (!allowsLoneQuotes) {
    const got = excerpt(first.text.slice(at));
    const message = `line ${first.line}: a cell in quotes must end with one; got ${got}`;
    throw new FormatError(path, message, { offset: first.line });
  }
  lines.putBack(further);
  return undefined;
}

/** Where the first quote stands that is not one of two; -1 if there is none. */
function closingQuote(text: string, from: number): number {
  let at = text.indexOf(QUOTE, from);
  while (at >= 0 && text[at + 1] === QUOTE) at = text.indexOf(QUOTE, at + 2);
  return at;
}

interface Lines {
  /** Undefined after the last. */
  next(): Promise<Line | undefined>;
  /** They will come once more. */
  putBack(lines: readonly Line[]): void;
}

function rereadable(lines: AsyncGenerator<Line, void, undefined>): Lines {
  /** The next one last. */
  const ahead: Line[] = [];
  return {
    next: async () => ahead.pop() ?? (await lines.next()).value ?? undefined,
    putBack(read) {
      for (const line of read.toReversed()) ahead.push(line);
    },
  };
}
