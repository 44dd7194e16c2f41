/** @file The lines of a file that begin in a range of its bytes: ranges that follow one another have each line once. */

import { FormatError } from "../../errors.ts";
import type { FileStore } from "../../host/host.ts";
import { type Bytes, readPart } from "./file-parts.ts";

/** Bytes of a file; `end` is excluded. */
export type ByteRange = readonly [begin: number, end: number];

/** Bytes that are read at a time: of the range, and behind it, where the end of its last line is looked for. */
const PART_BYTES = 2 ** 20;
const BEHIND_BYTES = 2 ** 12;

const LINE_END = 0x0a;

/**
 * The text of the lines that begin in a range, in parts.
 *
 * @throws {UsageError} if the file cannot be read.
 * @throws {FormatError} if it is not UTF-8.
 */
export async function* linesInRange(
  files: FileStore,
  path: string,
  range: ByteRange,
): AsyncGenerator<string, void, undefined> {
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  const decoded = (bytes: Uint8Array | undefined): string => {
    try {
      return decoder.decode(bytes, { stream: bytes !== undefined });
    } catch (cause) {
      throw new FormatError(path, "not UTF-8", { cause });
    }
  };
  for await (const bytes of bytesOfLines(files, path, range)) yield decoded(bytes);
  yield decoded(undefined);
}

/** From behind the last line that begins before the range to the end of the last one that begins in it. */
async function* bytesOfLines(
  files: FileStore,
  path: string,
  [begin, end]: ByteRange,
): AsyncGenerator<Bytes, void, undefined> {
  if (begin >= end) return;
  const read = async (range: ByteRange) => (await readPart(files, path, range)).bytes;
  /** What ends here is the last line. */
  const last = end - 1;
  let isInLine = begin === 0;
  for (let at = Math.max(0, begin - 1); at < last;) {
    const bytes = await read([at, Math.min(at + PART_BYTES, last)]);
    if (bytes.length === 0) return;
    at += bytes.length;
    // A line begins behind the end of another.
    const start = isInLine ? 0 : bytes.indexOf(LINE_END) + 1;
    isInLine ||= start > 0;
    if (isInLine) yield bytes.subarray(start);
  }
  for (let at = last; isInLine;) {
    const bytes = await read([at, at + BEHIND_BYTES]);
    if (bytes.length === 0) return;
    at += bytes.length;
    const stop = bytes.indexOf(LINE_END) + 1;
    isInLine = stop === 0;
    yield isInLine ? bytes : bytes.subarray(0, stop);
  }
}
