/**
 * @file Text files: one document each, in as many parts as it is read in. Their lines end in "\n", also where they end in "\r\n". A share
 * is a range of bytes that begins where a character does, and not between "\r" and "\n".
 */

import type { FileStore } from "../../host/host.ts";
import { filePartsOf, readPart } from "../bytes/file-parts.ts";
import { isGzip } from "../bytes/gzip.ts";
import type { RowShare, SharePlace } from "../bytes/row-share.ts";
import { textChunks, textIn } from "../bytes/text-chunks.ts";
import { isZstd } from "../bytes/zstd.ts";
import type { Format, OpenRequest, PlacedRow } from "./row.ts";

export const text: Format = {
  extensions: [".txt"],
  kinds: ["texts"],
  open: (request) => ({
    name: request.path,
    ownColumns: ["text"],
    rows: () => rowsOf(textChunks(request.files, request.path), false),
    share: (place) => openShare(request, place),
  }),
};

async function* rowsOf(
  chunks: AsyncIterable<string>,
  isWithin: boolean,
): AsyncGenerator<PlacedRow, void, undefined> {
  let continues = isWithin;
  /** A "\r" at the end of the part before, which is one with a "\n". */
  let held = "";
  for await (const part of chunks) {
    const whole = held + part;
    held = whole.endsWith("\r") ? "\r" : "";
    const content = whole.slice(0, whole.length - held.length).replaceAll("\r\n", "\n");
    if (content === "") continue;
    yield { row: { text: content }, line: 1, continues };
    continues = true;
  }
  if (held !== "") yield { row: { text: held }, line: 1, continues };
}

/** Bytes of a share at least: of a smaller file all is read by all. */
const LEAST_BYTES = 2 ** 12;

/** Undefined where the file is packed, or small. */
async function openShare(
  { files, path }: OpenRequest,
  { index, count }: SharePlace,
): Promise<RowShare<PlacedRow> | undefined> {
  const { bytes: head, total } = await readPart(files, path, [0, LEAST_BYTES]);
  if (total < count * LEAST_BYTES || isGzip(head) || isZstd(head)) return undefined;
  const at = (i: number) => beginning(files, path, Math.floor((total * i) / count));
  const [begin, end] = [await at(index), await at(index + 1)];
  const content = new TextDecoder().decode(head);
  return {
    bytes: total,
    first: { row: { text: content }, line: 1 },
    isOfOne: true,
    rows: () => rowsOf(textIn(path, filePartsOf(files, path, [begin, end]), begin), index > 0),
  };
}

/** Bytes around a cut: a character has four at most. */
const LOOKED_AT = 8;

/** The first place from `at` on at which text may begin. */
async function beginning(files: FileStore, path: string, at: number): Promise<number> {
  if (at === 0) return 0;
  const { bytes } = await readPart(files, path, [at - 1, at + LOOKED_AT]);
  let next = 1;
  while (isContinuation(bytes[next])) next += 1;
  if (bytes[next - 1] === CARRIAGE_RETURN && bytes[next] === LINE_END) next += 1;
  return at - 1 + next;
}

const isContinuation = (byte = 0): boolean => (byte & 0xc0) === 0x80;
const CARRIAGE_RETURN = 0x0d;
const LINE_END = 0x0a;
