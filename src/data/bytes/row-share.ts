/**
 * @file A share of the rows of a file: those that begin in a range of its bytes, where every row stands on lines of its own. What a row means
 * may be said by the first lines, so that everybody has these.
 */

import { FormatError, UsageError } from "../../errors.ts";
import type { FileStore } from "../../host/host.ts";
import { readPart } from "./file-parts.ts";
import { isGzip } from "./gzip.ts";
import { linesInRange } from "./line-range.ts";
import { textIn } from "./text-chunks.ts";
import { isZstd } from "./zstd.ts";

/** Which of how many shares, counted from 0. */
export interface SharePlace {
  readonly index: number;
  readonly count: number;
}

/** Some of the rows of a file. */
export interface RowShare<Row> {
  /** Of the whole file. */
  readonly bytes: number;
  /** The first row of the file, or its beginning, where all ranks read it. */
  readonly first?: Row;
  /** Whether all shares are parts of one row; else each has whole ones. */
  readonly isOfOne?: boolean;
  /** One after another, and that first one before them. @throws {UsageError | FormatError} where they cannot be read by themselves. */
  rows(): AsyncIterable<Row>;
}

/** A row of a share. */
interface Shared {
  /** Whether it tells the columns alone: it belongs to another share. */
  readonly isElsewhere?: boolean;
}

/** Rows of the text of some lines. @throws {FormatError} if one is none, or ends behind the last of them. */
export type RowsOfLines<Row> = (chunks: AsyncIterable<string>) => AsyncIterable<Row>;

/** Bytes in which the first row is looked for: in few, as every rank reads them, and where it is long in more. */
const HEAD_BYTES = [2 ** 12, 2 ** 16, 2 ** 20];

/** Lines that the first row ends in, with what stands before it. */
const HEAD_LINES = 32;

/** A share of a file; undefined where it is packed, is none of lines, or has a first row that is long or none. */
export async function openShare<Row extends Shared>(
  files: FileStore,
  path: string,
  { rowsOf, index, count }: SharePlace & { readonly rowsOf: RowsOfLines<Row> },
): Promise<RowShare<Row> | undefined> {
  const head = await readHead(files, path, rowsOf);
  if (!head) return undefined;
  const { text, first, bytes, total } = head;
  const at = (i: number) => bytes + Math.floor(((total - bytes) * i) / count);
  return {
    bytes: total,
    first,
    async *rows() {
      const all = rowsOf(
        oneAfterAnother(text, linesInRange(files, path, [at(index), at(index + 1)])),
      );
      let isFirst = true;
      for await (const placed of all) {
        yield isFirst && index > 0 ? { ...placed, isElsewhere: true } : placed;
        isFirst = false;
      }
    },
  };
}

interface Head<Row> {
  /** The lines of the first row, and those before it. */
  readonly text: string;
  readonly first: Row;
  /** Bytes that it has. */
  readonly bytes: number;
  /** Bytes of the file. */
  readonly total: number;
}

async function readHead<Row>(
  files: FileStore,
  path: string,
  rowsOf: RowsOfLines<Row>,
): Promise<Head<Row> | undefined> {
  for (const most of HEAD_BYTES) {
    const { bytes, total } = await readPart(files, path, [0, most]);
    if (isGzip(bytes) || isZstd(bytes)) return undefined;
    for (let [line, end] = [0, 0]; line < HEAD_LINES; line += 1) {
      end = bytes.indexOf(LINE_END, end) + 1;
      if (end === 0) break;
      const found = await firstRow(path, bytes.subarray(0, end), rowsOf);
      if (found) return { ...found, bytes: end, total };
    }
    if (total <= most) return undefined;
  }
  return undefined;
}

const LINE_END = 0x0a;

/** The first row of a text; undefined where it has none, or something else is wrong, which whoever reads the whole file says. */
async function firstRow<Row>(
  path: string,
  bytes: Uint8Array,
  rowsOf: RowsOfLines<Row>,
): Promise<Pick<Head<Row>, "first" | "text"> | undefined> {
  try {
    const parts: string[] = [];
    for await (const part of textIn(path, asyncOf(bytes))) parts.push(part);
    const text = parts.join("");
    for await (const first of rowsOf(asyncOf(text))) return { text, first };
  } catch (error) {
    if (!(error instanceof FormatError || error instanceof UsageError)) throw error;
  }
  return undefined;
}

async function* asyncOf<T>(value: T): AsyncGenerator<T, void, undefined> {
  yield await Promise.resolve(value);
}

async function* oneAfterAnother(
  text: string,
  others: AsyncIterable<string>,
): AsyncGenerator<string, void, undefined> {
  yield text;
  yield* others;
}
