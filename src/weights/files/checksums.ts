/**
 * @file Checksums in the header of a safetensors file, so that a bit that flips at rest is noticed.
 *
 *   crc32          8 hexadecimal digits a tensor, in the order of the data
 *   crc32.header   those of the header: its length and its JSON, where these 8 digits count as zeros
 *
 * Both are metadata, which other programs pass over. Files without them are taken as they are.
 */

import { FormatError } from "../../errors.ts";
import type { FileStore } from "../../host/host.ts";
import { formatHeader, type Header } from "./safetensors-header.ts";

const TENSORS_KEY = "crc32";
const HEADER_KEY = "crc32.header";
const DIGITS = 8;
const NO_SUM = "0".repeat(DIGITS);

/** How CRC-32 is computed. */
type Sum = FileStore["crc32"];

const digitsOf = (sum: number): string => sum.toString(16).padStart(DIGITS, "0");

/** The header of a file with the checksums of its tensors, in the order of the data; zeros stand for those that are not known yet. */
export function headerWithSums(
  { metadata, tensors }: Header,
  sums: readonly number[],
  sum: Sum,
): Uint8Array {
  const ofTensors = Array.from(tensors, (_, i) => digitsOf(sums[i] ?? 0)).join("");
  const withHeader = (digits: string): Uint8Array =>
    formatHeader({
      metadata: { ...metadata, [TENSORS_KEY]: ofTensors, [HEADER_KEY]: digits },
      tensors,
    });
  return withHeader(digitsOf(sum(withHeader(NO_SUM))));
}

/** Bytes from 0 on: the length of the header, and the header. */
export type HeaderBytes = Uint8Array;

/**
 * The checksums of a file's tensors by name; undefined if it has none. The metadata that is left is that of whoever wrote the file.
 *
 * @throws {FormatError} if the header was changed since it was written.
 */
export function checkHeader(
  path: string,
  bytes: HeaderBytes,
  { metadata, tensors }: Header,
  sum: Sum,
): { readonly header: Header; readonly sums: ReadonlyMap<string, number> | undefined } {
  const { [TENSORS_KEY]: ofTensors, [HEADER_KEY]: ofHeader, ...rest } = metadata;
  if (ofTensors === undefined && ofHeader === undefined) {
    return { header: { metadata, tensors }, sums: undefined };
  }
  if (ofHeader !== digitsOf(sum(unsigned(bytes))) || ofTensors?.length !== DIGITS * tensors.size) {
    throw damaged(path, "its header");
  }
  const sums = Array.from(tensors.keys(), (name, i) => {
    const digits = ofTensors.slice(DIGITS * i, DIGITS * (i + 1));
    return [name, Number.parseInt(digits, 16)] as const;
  });
  return { header: { metadata: rest, tensors }, sums: new Map(sums) };
}

/** A header as it was when it was summed. */
function unsigned(bytes: HeaderBytes): Uint8Array {
  const key = new TextEncoder().encode(`"${HEADER_KEY}":"`);
  const start = bytes.findIndex((_, i) => key.every((byte, k) => bytes[i + k] === byte));
  const copy = bytes.slice();
  copy.set(new TextEncoder().encode(NO_SUM), start + key.length);
  return copy;
}

export const damaged = (path: string, what: string): FormatError =>
  new FormatError(
    path,
    `the file was damaged since it was written; got another checksum of ${what}`,
  );
