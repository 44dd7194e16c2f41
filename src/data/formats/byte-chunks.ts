/**
 * @file The bytes of a file, a part at a time; of a file that gzip made, those that it was made of.
 *
 * The file is open only while a part is read, so that nothing is left open by those who stop early.
 */

import { FormatError, UsageError } from "../../errors.ts";
import { errorCode } from "../../host/file-error.ts";
import type { FileStore, ReadableFile } from "../../host/host.ts";

/** Bytes that are read at a time. */
const PART_BYTES = 2 ** 20;

/** What files of gzip begin with: RFC 1952, with the only method there is. */
const GZIP = [0x1f, 0x8b, 0x08] as const;

type Bytes = Uint8Array<ArrayBuffer>;

/**
 * The bytes of a file in order.
 *
 * @throws {UsageError} if it cannot be read.
 * @throws {FormatError} if it was made by gzip and is damaged.
 */
export async function* byteChunks(
  files: FileStore,
  path: string,
): AsyncGenerator<Bytes, void, undefined> {
  const parts = partsOf(files, path);
  const first = await parts.next();
  if (first.done) return;
  const isGzip = GZIP.every((byte, i) => first.value[i] === byte);
  const all = putBack(first.value, parts);
  yield* isGzip ? unpacked(path, all) : all;
}

async function* putBack(
  first: Bytes,
  others: AsyncGenerator<Bytes, void, undefined>,
): AsyncGenerator<Bytes, void, undefined> {
  yield first;
  yield* others;
}

async function* unpacked(
  path: string,
  packed: AsyncGenerator<Bytes, void, undefined>,
): AsyncGenerator<Bytes, void, undefined> {
  const { readable, writable } = new DecompressionStream("gzip");
  const [writer, reader] = [writable.getWriter(), readable.getReader()];
  let refusal: unknown;
  const written = (async () => {
    for await (const part of packed) await writer.write(part);
    await writer.close();
  })().catch(async (error: unknown) => {
    // What the file refuses is told as it is; what the stream refuses is told by its reader.
    if (error instanceof UsageError) refusal = error;
    await writer.abort(error).catch(() => undefined);
  });
  try {
    for (let next = await reader.read(); !next.done; next = await reader.read()) yield next.value;
  } catch (cause) {
    throw refusal ?? new FormatError(path, "damaged: gzip cannot unpack it", { cause });
  } finally {
    await reader.cancel().catch(() => undefined);
    await written;
  }
}

async function* partsOf(files: FileStore, path: string): AsyncGenerator<Bytes, void, undefined> {
  let end: number | undefined;
  for (let begin = 0; end === undefined || begin < end;) {
    const { bytes, total } = await readPart(files, path, begin);
    end ??= total;
    const isShort = bytes.length < Math.min(PART_BYTES, end - begin);
    if (isShort) throw unreadable(path, `a file that shrank to ${begin + bytes.length} bytes`);
    begin += bytes.length;
    yield bytes;
  }
}

async function readPart(files: FileStore, path: string, begin: number) {
  let file: ReadableFile | undefined;
  try {
    file = await files.open(path);
    const bytes = await file.read(begin, Math.max(begin, Math.min(begin + PART_BYTES, file.bytes)));
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
