/**
 * @file The header of a safetensors file: what the tensors are called and where they lie.
 *
 *   N       8 bytes, unsigned, little-endian
 *   header  N bytes of JSON: {"__metadata__": {text: text}, name: {"dtype", "shape", "data_offsets"}}
 *   data    the tensors, row-major, little-endian, without holes or overlaps; offsets count from here
 *
 * Source: "Format" in the README of huggingface/safetensors; the order of tensors that the reference
 * writes, and the dtypes it knows, are those of version 0.8.
 */

import { FormatError } from "../../errors.ts";
import { describeJson, isObject, type JsonObject, type JsonValue } from "../../files/json.ts";
import { parseJson } from "../../files/json-parser.ts";
import type { DType } from "../../tensor/dtype.ts";

/** What the header of a file says of a tensor. */
export interface TensorInfo {
  /** As in the file: "F32", "BF16", "I64", ... */
  readonly dtype: string;
  readonly shape: readonly number[];
  /** Bytes from the start of the data section. */
  readonly begin: number;
  readonly end: number;
}

export interface Header {
  readonly metadata: Readonly<Record<string, string>>;
  /** In the order of the data. */
  readonly tensors: ReadonlyMap<string, TensorInfo>;
}

export const MAX_HEADER_BYTES = 100_000_000;
export const METADATA_KEY = "__metadata__";

/** Bits of one element. The reference writes tensors in the reverse of this order. */
const DTYPE_BITS = new Map([
  ["BOOL", 8],
  ["F4", 4],
  ["F6_E2M3", 6],
  ["F6_E3M2", 6],
  ["U8", 8],
  ["I8", 8],
  ["F8_E5M2", 8],
  ["F8_E4M3", 8],
  ["F8_E8M0", 8],
  ["F8_E4M3FNUZ", 8],
  ["F8_E5M2FNUZ", 8],
  ["I16", 16],
  ["U16", 16],
  ["F16", 16],
  ["BF16", 16],
  ["I32", 32],
  ["U32", 32],
  ["F32", 32],
  ["C64", 64],
  ["F64", 64],
  ["I64", 64],
  ["U64", 64],
]);
const DTYPE_ORDER: readonly string[] = [...DTYPE_BITS.keys()].toReversed();

const FILE_DTYPE: Readonly<Record<DType, string>> = {
  float32: "F32",
  float64: "F64",
  float16: "F16",
  bfloat16: "BF16",
  int64: "I64",
  int32: "I32",
  uint32: "U32",
  uint16: "U16",
  uint8: "U8",
  int8: "I8",
  bool: "BOOL",
};

/** The name that safetensors gives to `dtype`. */
export const fileDType = (dtype: DType): string => FILE_DTYPE[dtype];

/**
 * Reads and checks a header.
 *
 * @param bytes - the N bytes after the length
 * @param dataBytes - size of the data section
 * @throws {FormatError} that names the tensor and the rule it breaks.
 */
export function parseHeader(path: string, bytes: Uint8Array, dataBytes: number): Header {
  const header = parseJson(path, "header", decodeText(path, bytes), { readNumber: readSize });
  if (!isObject(header)) {
    throw new FormatError(path, `header: must be an object; got ${describeJson(header)}`);
  }
  const { [METADATA_KEY]: metadata = {}, ...infos } = header;
  const tensors = Object.entries(infos)
    .map(([name, info]) => [name, parseInfo(path, name, info)] as const)
    .toSorted(([, a], [, b]) => a.begin - b.begin || a.end - b.end);
  checkCoverage(path, tensors, dataBytes);
  return { metadata: parseMetadata(path, metadata), tensors: new Map(tensors) };
}

/** The header as bytes, its length first, padded so that the data section starts at 8 bytes. */
export function formatHeader({ metadata, tensors }: Header): Uint8Array {
  // By hand, for JSON.stringify moves names that look like integers to the front.
  const texts = [...tensors].map(([name, { dtype, shape, begin, end }]) => {
    const info = JSON.stringify({ dtype, shape, data_offsets: [begin, end] });
    return `${JSON.stringify(name)}:${info}`;
  });
  const pairs = Object.entries(metadata)
    .toSorted(([a], [b]) => compareNames(a, b))
    .map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`);
  if (pairs.length > 0) texts.unshift(`"${METADATA_KEY}":{${pairs.join(",")}}`);

  const json = new TextEncoder().encode(`{${texts.join(",")}}`);
  const bytes = new Uint8Array(8 + Math.ceil(json.length / 8) * 8).fill(SPACE);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(bytes.length - 8), true);
  bytes.set(json, 8);
  return bytes;
}

const SPACE = 0x20;

/** The order in which the reference writes: widest elements first, so that all are aligned. */
export const compareTensors = (
  [aName, aDType]: readonly [name: string, dtype: string],
  [bName, bDType]: readonly [name: string, dtype: string],
): number =>
  DTYPE_ORDER.indexOf(aDType) - DTYPE_ORDER.indexOf(bDType) || compareNames(aName, bName);

/** By UTF-8 bytes, as the reference does; JavaScript strings compare by UTF-16 units. */
export function compareNames(a: string, b: string): number {
  const [x, y] = [new TextEncoder().encode(a), new TextEncoder().encode(b)];
  const at = x.findIndex((byte, i) => byte !== y[i]);
  return at < 0 ? x.length - y.length : (x[at] ?? 0) - (y[at] ?? -1);
}

function decodeText(path: string, bytes: Uint8Array): string {
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw new FormatError(path, "header: not valid UTF-8", { cause });
  }
  if (text.startsWith("{")) return text;
  const got = text === "" ? "nothing" : JSON.stringify(text[0]);
  throw new FormatError(path, `header: must start with "{"; got ${got}`, { offset: 8 });
}

function parseMetadata(path: string, metadata: JsonValue): Record<string, string> {
  if (!isObject(metadata)) {
    const got = describeJson(metadata);
    throw new FormatError(path, `${METADATA_KEY}: must be an object; got ${got}`);
  }
  const pairs = Object.entries(metadata).map(([key, value]) => {
    if (typeof value === "string") return [key, value] as const;
    const what = `${METADATA_KEY}: value of ${JSON.stringify(key)} must be a string`;
    throw new FormatError(path, `${what}; got ${describeJson(value)}`);
  });
  return Object.fromEntries(pairs);
}

function parseInfo(path: string, name: string, value: JsonValue): TensorInfo {
  const fail = (message: string): never => {
    throw new FormatError(path, `tensor ${JSON.stringify(name)}: ${message}`);
  };
  const info: JsonObject = isObject(value)
    ? value
    : fail(`must be an object; got ${describeJson(value)}`);
  const { dtype, shape, data_offsets: offsets } = info;

  const bits = typeof dtype === "string" ? DTYPE_BITS.get(dtype) : undefined;
  if (typeof dtype !== "string" || bits === undefined) {
    return fail(`unknown dtype; got ${describeJson(dtype)}`);
  }
  const dims = sizes(shape);
  if (dims === undefined) {
    return fail(`shape must be an array of non-negative safe integers; got ${show(shape)}`);
  }
  const elements = checkedProduct(dims);
  if (elements === undefined || !Number.isSafeInteger(elements * bits)) {
    return fail(`element count overflows; got shape ${show(shape)}`);
  }
  const [begin, end, ...rest] = sizes(offsets) ?? [];
  if (begin === undefined || end === undefined || rest.length > 0) {
    return fail(`data_offsets must be two non-negative safe integers; got ${show(offsets)}`);
  }
  if (begin > end) fail(`data_offsets are reversed; got [${begin}, ${end}]`);
  const bytes = (elements * bits) / 8;
  if (end - begin !== bytes) {
    fail(`${dtype} ${show(shape)} takes ${bytes} bytes; got ${end - begin} (${begin} to ${end})`);
  }
  return { dtype, shape: dims, begin, end };
}

/** The tensors, sorted by offset, must tile the data section. */
function checkCoverage(
  path: string,
  tensors: readonly (readonly [name: string, info: TensorInfo])[],
  dataBytes: number,
): void {
  let covered = 0;
  for (const [name, { begin, end }] of tensors) {
    const tensor = `tensor ${JSON.stringify(name)}`;
    const range = `${begin} to ${end}`;
    if (end > dataBytes) {
      const message = `${tensor}: data_offsets lie beyond the end of the file`;
      throw new FormatError(path, `${message}; got ${range} of ${dataBytes} bytes`);
    }
    if (begin !== covered) {
      const problem = begin > covered ? "leaves a hole before it" : "overlaps the one before it";
      throw new FormatError(path, `${tensor}: ${problem}; got ${range}, expected ${covered}`);
    }
    covered = end;
  }
  if (covered !== dataBytes) {
    const extra = dataBytes - covered;
    throw new FormatError(path, `data: bytes follow the last tensor; got ${extra}`);
  }
}

/** Sizes are written in digits alone; `1.0`, `1e3` and `-0` stay text, which is no size. */
function readSize(literal: string): JsonValue | undefined {
  const value = Number(literal);
  if (!Number.isFinite(value)) return undefined;
  return /^\d+$/.test(literal) ? value : literal;
}

const isSize = (value: JsonValue): value is number =>
  typeof value === "number" && Number.isSafeInteger(value) && value >= 0;

/** The sizes in `value`; undefined if it is anything but an array of sizes. */
const sizes = (value: JsonValue | undefined): readonly number[] | undefined =>
  Array.isArray(value) && value.every(isSize) ? value : undefined;

/** The product of `dims`; undefined as soon as it leaves the safe integers. */
function checkedProduct(dims: readonly number[]): number | undefined {
  let product = 1;
  for (const dim of dims) {
    product *= dim;
    if (!Number.isSafeInteger(product)) return undefined;
  }
  return product;
}

/** An array of numbers as it stands in the file, cut short. */
function show(value: JsonValue | undefined): string {
  if (!Array.isArray(value)) return describeJson(value);
  const items = value.slice(0, 8).map(describeJson);
  return `[${[...items, ...(value.length > 8 ? ["..."] : [])].join(", ")}]`;
}
