/**
 * @file The header of a GGUF file, little-endian, version 2 or 3:
 *
 *   "GGUF", version u32, tensors u64, entries u64
 *   entries times   key, type u32, value
 *   tensors times   name, rank u32, dimensions u64 each (the fastest first), type u32, offset u64
 *   zeros up to a multiple of the alignment, then the data
 *
 * Texts are a length u64 and UTF-8; an array is the type of its elements u32, their number u64, and the elements.
 * Source: docs/gguf.md of ggml.
 */

import { FormatError } from "../errors.ts";
import { blockType, type BlockType } from "./block-types.ts";

/** What an entry of the metadata holds. */
export type GgufValue = number | boolean | string | readonly GgufValue[];

/** A tensor as the header tells of it. */
export interface GgufTensor {
  readonly name: string;
  /** As in PyTorch: the fastest axis is the last. */
  readonly shape: readonly number[];
  readonly type: BlockType;
  /** Bytes from the start of the file. */
  readonly begin: number;
  readonly end: number;
}

export interface GgufHeader {
  readonly metadata: ReadonlyMap<string, GgufValue>;
  readonly tensors: ReadonlyMap<string, GgufTensor>;
}

export const MAGIC = "GGUF";
export const VERSION = 3;
/** Where the metadata names no other. */
export const ALIGNMENT = 32;
export const ALIGNMENT_KEY = "general.alignment";

/** Types of values by their numbers in the file. */
export const VALUE_TYPES = {
  uint8: 0,
  int8: 1,
  uint16: 2,
  int16: 3,
  uint32: 4,
  int32: 5,
  float32: 6,
  bool: 7,
  string: 8,
  array: 9,
  uint64: 10,
  int64: 11,
  float64: 12,
} as const;

/** PyTorch and ggml have no more. */
const LARGEST_RANK = 4;

/** `bytes` rounded up to a multiple of `alignment`. */
export const aligned = (bytes: number, alignment: number): number =>
  Math.ceil(bytes / alignment) * alignment;

/**
 * The header that `start` begins with.
 *
 * @param start - the first bytes of the file
 * @param fileBytes - how many the file has
 * @returns undefined if the header is longer than `start`
 * @throws {FormatError} if it breaks a rule of the format, or lies beyond the end of the file.
 */
export function parseGgufHeader(
  path: string,
  start: Uint8Array,
  fileBytes: number,
): GgufHeader | undefined {
  try {
    return readHeader(path, cursorOver(path, start, fileBytes), fileBytes);
  } catch (error) {
    if (error instanceof StartTooShort) return undefined;
    throw error;
  }
}

/** What is wanted lies in the file, behind the bytes that are there. */
class StartTooShort extends Error {}

type Cursor = ReturnType<typeof cursorOver>;

/** Reads one thing after another. */
function cursorOver(path: string, start: Uint8Array, fileBytes: number) {
  const view = new DataView(start.buffer, start.byteOffset, start.byteLength);
  const utf8 = new TextDecoder("utf-8", { ignoreBOM: true });
  let at = 0;
  const take = (bytes: number): number => {
    const begin = at;
    at += bytes;
    if (at > fileBytes) {
      throw new FormatError(path, `header lies beyond the end of the file of ${fileBytes} bytes`, {
        offset: begin,
      });
    }
    if (at > start.length) throw new StartTooShort();
    return begin;
  };
  const whole = (value: bigint, begin: number): number => {
    if (value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER) return Number(value);
    throw new FormatError(path, `a number is too large; got ${value}`, { offset: begin });
  };
  const unsigned64 = (): number => {
    const begin = take(8);
    return whole(view.getBigUint64(begin, true), begin);
  };
  const string = (): string => {
    const bytes = unsigned64();
    const begin = take(bytes);
    return utf8.decode(start.subarray(begin, begin + bytes));
  };
  const signed64 = (): number => {
    const begin = take(8);
    return whole(view.getBigInt64(begin, true), begin);
  };
  return {
    position: () => at,
    uint8: () => view.getUint8(take(1)),
    int8: () => view.getInt8(take(1)),
    uint16: () => view.getUint16(take(2), true),
    int16: () => view.getInt16(take(2), true),
    uint32: () => view.getUint32(take(4), true),
    int32: () => view.getInt32(take(4), true),
    float32: () => view.getFloat32(take(4), true),
    float64: () => view.getFloat64(take(8), true),
    bool: () => view.getUint8(take(1)) !== 0,
    uint64: unsigned64,
    int64: signed64,
    string,
  };
}

/** The readers of a cursor, by the numbers of the types. */
const READERS: ReadonlyMap<number, (cursor: Cursor) => GgufValue> = new Map<
  number,
  (cursor: Cursor) => GgufValue
>([
  [VALUE_TYPES.uint8, (cursor) => cursor.uint8()],
  [VALUE_TYPES.int8, (cursor) => cursor.int8()],
  [VALUE_TYPES.uint16, (cursor) => cursor.uint16()],
  [VALUE_TYPES.int16, (cursor) => cursor.int16()],
  [VALUE_TYPES.uint32, (cursor) => cursor.uint32()],
  [VALUE_TYPES.int32, (cursor) => cursor.int32()],
  [VALUE_TYPES.float32, (cursor) => cursor.float32()],
  [VALUE_TYPES.bool, (cursor) => cursor.bool()],
  [VALUE_TYPES.string, (cursor) => cursor.string()],
  [VALUE_TYPES.uint64, (cursor) => cursor.uint64()],
  [VALUE_TYPES.int64, (cursor) => cursor.int64()],
  [VALUE_TYPES.float64, (cursor) => cursor.float64()],
]);

function readHeader(path: string, cursor: Cursor, fileBytes: number): GgufHeader {
  const magic = String.fromCharCode(...Array.from({ length: 4 }, () => cursor.uint8()));
  if (magic !== MAGIC)
    throw new FormatError(path, `not GGUF; it begins with ${JSON.stringify(magic)}`);
  const version = cursor.uint32();
  if (version < 2 || version > VERSION) {
    throw new FormatError(path, `GGUF of version 2 or 3 is read; got version ${version}`);
  }
  const tensorCount = cursor.uint64();
  const entryCount = cursor.uint64();

  const metadata = new Map<string, GgufValue>();
  for (let i = 0; i < entryCount; i++) {
    const key = cursor.string();
    if (metadata.has(key)) throw new FormatError(path, `metadata ${key}: appears twice`);
    metadata.set(key, readValue(path, key, cursor));
  }
  const alignment = metadata.get(ALIGNMENT_KEY) ?? ALIGNMENT;
  if (typeof alignment !== "number" || alignment < 1) {
    throw new FormatError(
      path,
      `${ALIGNMENT_KEY}: must be a number of bytes; got ${String(alignment)}`,
    );
  }

  const found = Array.from({ length: Math.min(tensorCount, fileBytes) }, () =>
    readTensorInfo(path, cursor),
  );
  const dataStart = aligned(cursor.position(), alignment);
  const tensors = new Map<string, GgufTensor>();
  for (const { name, shape, type, offset } of found) {
    const fail = (message: string): never => {
      throw new FormatError(path, `tensor ${JSON.stringify(name)}: ${message}`);
    };
    if (tensors.has(name)) fail("appears twice");
    const columns = shape.at(-1) ?? 1;
    if (columns % type.elements !== 0) {
      fail(`rows of ${type.name} are blocks of ${type.elements}; got ${columns} columns`);
    }
    const elements = shape.reduce((product, each) => product * each, 1);
    const begin = dataStart + offset;
    const end = begin + (elements / type.elements) * type.bytes;
    if (end > fileBytes)
      fail(`ends behind the file of ${fileBytes} bytes; a download may be incomplete`);
    tensors.set(name, { name, shape, type, begin, end });
  }
  return { metadata, tensors };
}

function readValue(path: string, key: string, cursor: Cursor): GgufValue {
  const type = cursor.uint32();
  const read = READERS.get(type);
  if (read) return read(cursor);
  const element = type === VALUE_TYPES.array ? cursor.uint32() : type;
  const readElement = READERS.get(element);
  if (type !== VALUE_TYPES.array || !readElement) {
    throw new FormatError(path, `metadata ${key}: type of value is not known; got ${element}`);
  }
  const count = cursor.uint64();
  const values: GgufValue[] = [];
  for (let i = 0; i < count; i++) values.push(readElement(cursor));
  return values;
}

function readTensorInfo(path: string, cursor: Cursor) {
  const name = cursor.string();
  const rank = cursor.uint32();
  if (rank > LARGEST_RANK) {
    throw new FormatError(
      path,
      `tensor ${JSON.stringify(name)}: has more than 4 axes; got ${rank}`,
    );
  }
  const shape = Array.from({ length: rank }, () => cursor.uint64()).toReversed();
  const type = blockType(path, name, cursor.uint32());
  return { name, shape, type, offset: cursor.uint64() };
}
