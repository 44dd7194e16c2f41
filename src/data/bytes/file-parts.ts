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

/** All bytes of a file in order, a megabyte at a time. @throws {UsageError} if it cannot be read. */
export async function* filePartsOf(
  files: FileStore,
  path: string,
): AsyncGenerator<Bytes, void, undefined> {
  let end: number | undefined;
  for (let begin = 0; end === undefined || begin < end;) {
    const { bytes, total } = await readPart(files, path, [begin, begin + PART_BYTES]);
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
