/** @file Text files: strict UTF-8, with or without a byte order mark. */

import { constants, isUtf8 } from "node:buffer";
import { readFile } from "node:fs/promises";
import { FormatError, UsageError } from "../../errors.ts";

const BYTE_ORDER_MARK = "\uFEFF";

/**
 * The text of a file, without a byte order mark.
 *
 * @throws {UsageError} if it cannot be read, or is longer than a string can be.
 * @throws {FormatError} if it is empty or not UTF-8; `offset` is that of the first invalid byte.
 */
export async function readTextFile(path: string): Promise<string> {
  const bytes = await readFile(path).catch((cause: unknown) => {
    throw new UsageError(`data: cannot read ${path}; got ${reason(cause)}`, { cause });
  });
  if (bytes.length > constants.MAX_STRING_LENGTH) {
    throw new UsageError(`data: ${path} is too long for one string; got ${bytes.length} bytes`, {
      hint: `split it into files of at most ${constants.MAX_STRING_LENGTH} bytes`,
    });
  }
  if (!isUtf8(bytes)) {
    const offset = validLength(bytes);
    const byte = `0x${bytes[offset]?.toString(16).padStart(2, "0")}`;
    throw new FormatError(path, `not UTF-8; got ${byte} at byte ${offset}`, { offset });
  }
  const text = bytes.toString("utf8");
  const content = text.startsWith(BYTE_ORDER_MARK) ? text.slice(1) : text;
  if (content.length === 0) throw new FormatError(path, "the file is empty");
  return content;
}

function reason(cause: unknown): string {
  const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
  if (code === "ENOENT") return "no such file";
  if (code === "EISDIR") return "a directory";
  return cause instanceof Error ? cause.message : String(cause);
}

/** Bytes of the longest prefix that is UTF-8. */
function validLength(bytes: Uint8Array): number {
  // Whether a prefix is the beginning of UTF-8 is monotonic in its length: search by halves.
  let good = 0;
  let bad = bytes.length + 1;
  while (bad - good > 1) {
    const middle = (good + bad) >>> 1;
    if (beginning(bytes, middle) === undefined) bad = middle;
    else good = middle;
  }
  return Buffer.byteLength(beginning(bytes, good) ?? "");
}

/** The complete characters of a prefix, or undefined if no continuation makes it UTF-8. */
function beginning(bytes: Uint8Array, length: number): string | undefined {
  try {
    const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
    return decoder.decode(bytes.subarray(0, length), { stream: true });
  } catch {
    return undefined;
  }
}
