/** @file Parts of a file of data. It is open only while a part is read, so that nothing is left open by those who stop early. */

import { UsageError } from "../../errors.ts";
import { errorCode } from "../../host/file-error.ts";
import type { FileStore, ReadableFile } from "../../host/host.ts";

/** Bytes that are read at a time. */
const PART_BYTES = 2 ** 20;

export type Bytes = Uint8Array<ArrayBuffer>;

/** Some bytes of a file, and how many it has in all. */
export interface FilePart {
  readonly bytes: Bytes;
  readonly total: number;
}

/** The bytes of a file in order, or those of a range, a megabyte at a time. @throws {UsageError} if they cannot be read. */
export async function* filePartsOf(
  files: FileStore,
  path: string,
  [first, last]: readonly [begin: number, end?: number] = [0],
): AsyncGenerator<Bytes, void, undefined> {
  let end = last;
  for (let begin = first; end === undefined || begin < end;) {
    const next = Math.min(begin + PART_BYTES, end ?? Infinity);
    const { bytes, total } = await readPart(files, path, [begin, next]);
    end ??= total;
    const isShort = bytes.length < Math.min(PART_BYTES, end - begin);
    if (isShort) throw unreadable(path, `a file that shrank to ${begin + bytes.length} bytes`);
    begin += bytes.length;
    yield bytes;
  }
}

/** The bytes from `begin` to `end`, which is excluded, as far as there are any. @throws {UsageError} if they cannot be read. */
export async function readPart(
  files: FileStore,
  path: string,
  [begin, end]: readonly [begin: number, end: number],
): Promise<FilePart> {
  let file: ReadableFile | undefined;
  try {
    file = await files.open(path);
    const bytes = await file.read(begin, Math.max(begin, Math.min(end, file.bytes)));
    return { bytes, total: file.bytes };
  } catch (cause) {
    throw unreadable(path, reason(cause), cause);
  } finally {
    await file?.close();
  }
}

const unreadable = (path: string, got: string, cause?: unknown): UsageError =>
  new UsageError(`data: cannot read ${path}; got ${got}`, { cause });

function reason(cause: unknown): string {
  const code = errorCode(cause);
  if (code === "ENOENT") return "no such file";
  if (code === "EISDIR") return "a directory";
  return cause instanceof Error ? cause.message : String(cause);
}
