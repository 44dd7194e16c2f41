/**
 * @file The text of a file, a part at a time: strict UTF-8, with or without a byte order mark. Parts end between characters.
 */

import { FormatError } from "../../errors.ts";
import type { FileStore } from "../../host/host.ts";
import { byteChunks } from "./byte-chunks.ts";

const BYTE_ORDER_MARK = "\uFEFF";

/** So many bytes at the beginning of a file have a zero among them, if it is none of text. */
const LOOKED_AT = 8000;

/**
 * The whole text of a file, without a byte order mark.
 *
 * @throws {UsageError} if it cannot be read.
 * @throws {FormatError} if it is empty, no text or not UTF-8; `offset` is that of the first invalid byte.
 */
export async function readTextFile(files: FileStore, path: string): Promise<string> {
  const parts: string[] = [];
  for await (const part of textChunks(files, path)) parts.push(part);
  return parts.join("");
}

/** The same in parts that are not empty. */
export const textChunks = (
  files: FileStore,
  path: string,
): AsyncGenerator<string, void, undefined> => textIn(path, byteChunks(files, path));

/** The text of all bytes of a file from `begin` on, in parts that are not empty. @throws {FormatError} as `readTextFile` does. */
export async function* textIn(
  path: string,
  parts: AsyncIterable<Uint8Array>,
  begin = 0,
): AsyncGenerator<string, void, undefined> {
  let decoded = begin;
  let isEmpty = true;
  let rest: Uint8Array = new Uint8Array();
  for await (const part of parts) {
    const bytes = joined(rest, part);
    if (decoded === 0) checkBeginning(path, bytes);
    const end = bytes.length - unfinished(bytes);
    const text = decode(path, bytes.subarray(0, end), decoded);
    const content = decoded === 0 && text.startsWith(BYTE_ORDER_MARK) ? text.slice(1) : text;
    decoded += end;
    rest = bytes.subarray(end);
    if (content === "") continue;
    isEmpty = false;
    yield content;
  }
  if (rest.length > 0) throw notUtf8(path, rest, { from: decoded, at: 0 });
  if (isEmpty)
    throw new FormatError(path, "the file is empty; give one that has something to read");
}

/** Wide characters of Latin text are half zeros, which UTF-8 allows: such a file would be read as what it is not. */
function checkBeginning(path: string, bytes: Uint8Array): void {
  const [first, second] = bytes;
  const isWide = (first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff);
  if (isWide) {
    const got = `0x${bytes[0]?.toString(16)} at byte 0`;
    throw new FormatError(path, `UTF-16, not UTF-8; got ${got}`, { offset: 0 });
  }
  const zero = bytes.subarray(0, LOOKED_AT).indexOf(0);
  if (zero < 0) return;
  const got = `a zero at byte ${zero}, as in binary files and in UTF-16`;
  throw new FormatError(path, `not a text in UTF-8; got ${got}`, { offset: zero });
}

function joined(first: Uint8Array, second: Uint8Array): Uint8Array {
  if (first.length === 0) return second;
  const bytes = new Uint8Array(first.length + second.length);
  bytes.set(first);
  bytes.set(second, first.length);
  return bytes;
}

/** Bytes of a character at the end that lacks some, at most 3. */
function unfinished(bytes: Uint8Array): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back += 1) {
    const byte = bytes[bytes.length - back] ?? 0;
    if (byte >= 0xc0) return lengthOf(byte) > back ? back : 0;
    if (byte < 0x80) return 0;
  }
  return 0;
}

/** Bytes of the character that begins with a byte, which is at least 0xC0. */
const lengthOf = (lead: number): number => (lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4);

function decode(path: string, bytes: Uint8Array, from: number): string {
  try {
    return decoder().decode(bytes);
  } catch {
    throw notUtf8(path, bytes, { from, at: validLength(bytes) });
  }
}

const decoder = () => new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** The error of the byte `at` of bytes that begin `from` bytes into a file. */
function notUtf8(
  path: string,
  bytes: Uint8Array,
  { from, at }: { readonly from: number; readonly at: number },
): FormatError {
  const offset = from + at;
  const byte = `0x${bytes[at]?.toString(16).padStart(2, "0")}`;
  return new FormatError(path, `not UTF-8; got ${byte} at byte ${offset}`, { offset });
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
  return new TextEncoder().encode(beginning(bytes, good) ?? "").length;
}

/** The complete characters of a prefix, or undefined if no continuation makes it UTF-8. */
function beginning(bytes: Uint8Array, length: number): string | undefined {
  try {
    return decoder().decode(bytes.subarray(0, length), { stream: true });
  } catch {
    return undefined;
  }
}
