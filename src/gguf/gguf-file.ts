/** @file Reading GGUF files, one tensor at a time. */

import { FormatError } from "../errors.ts";
import { LFS_START_BYTES, refuseLfsPointer } from "../files/lfs.ts";
import { fileError } from "../host/file-error.ts";
import type { FileStore, ReadableFile } from "../host/host.ts";
import { type GgufHeader, type GgufTensor, parseGgufHeader } from "./header.ts";

/** An open file. `read` may be called concurrently; `close` must be called once. */
export interface GgufFile extends GgufHeader {
  /**
   * The numbers of a tensor, or of one of its slices along the first axis.
   *
   * @throws {FormatError} if there is no such tensor, or the file became shorter.
   */
  readonly read: (name: string, slice?: number) => Promise<Float32Array>;
  /** Their bytes as they are stored, in a buffer of their own. */
  readonly readBytes: (name: string, slice?: number) => Promise<Uint8Array<ArrayBuffer>>;
  readonly close: () => Promise<void>;
}

/** Vocabularies make headers of a few megabytes. */
const FIRST_BYTES = 2 ** 20;
const GROWTH = 8;

/**
 * Opens a file and checks its header; tensors are read when asked for.
 *
 * @throws {FormatError} if the header breaks a rule of the format.
 * @throws {UsageError} if the file cannot be opened.
 */
export async function openGguf(files: FileStore, path: string): Promise<GgufFile> {
  const file = await files.open(path).catch((error: unknown) => {
    throw fileError(path, "cannot read", error);
  });
  try {
    const header = await readHeader(path, file);
    const readBytes = (name: string, slice?: number) =>
      readTensor(path, file, header, { name, slice });
    return {
      ...header,
      readBytes,
      async read(name, slice) {
        const bytes = await readBytes(name, slice);
        return header.tensors.get(name)?.type.dequantize(bytes) ?? new Float32Array();
      },
      close: () => file.close(),
    };
  } catch (error) {
    await file.close();
    throw fileError(path, "cannot read", error);
  }
}

async function readHeader(path: string, file: ReadableFile): Promise<GgufHeader> {
  for (let bytes = FIRST_BYTES; ; bytes *= GROWTH) {
    const start = await file.read(0, Math.min(bytes, file.bytes));
    refuseLfsPointer(path, start.subarray(0, LFS_START_BYTES));
    const header = parseGgufHeader(path, start, file.bytes);
    if (header) return header;
    if (start.length < Math.min(bytes, file.bytes)) throw becameShorter(path);
  }
}

async function readTensor(
  path: string,
  file: ReadableFile,
  { tensors }: GgufHeader,
  { name, slice }: { readonly name: string; readonly slice: number | undefined },
): Promise<Uint8Array<ArrayBuffer>> {
  const tensor = tensors.get(name);
  if (!tensor) throw new FormatError(path, `no tensor ${JSON.stringify(name)}`);
  const [begin, end] = rangeOf(tensor, slice);
  const bytes = await file.read(begin, end);
  if (bytes.length < end - begin) throw becameShorter(path);
  return bytes;
}

/** Where the bytes are. Slices are whole rows, and rows whole blocks. */
function rangeOf(
  { begin, end, shape }: GgufTensor,
  slice: number | undefined,
): readonly [begin: number, end: number] {
  if (slice === undefined) return [begin, end];
  const bytes = (end - begin) / (shape[0] ?? 1);
  return [begin + slice * bytes, begin + (slice + 1) * bytes];
}

const becameShorter = (path: string): FormatError =>
  new FormatError(path, "file became shorter while it was read");
