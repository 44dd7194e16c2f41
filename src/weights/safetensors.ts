/**
 * @file Reading and writing safetensors files, one tensor at a time.
 *
 * The format is described in safetensors-header.ts. Every rule of the header is checked when a file
 * is opened; the values of the tensors are not, so NaN and infinity pass.
 */

import { type FileHandle, open } from "node:fs/promises";
import { FormatError, UsageError } from "../errors.ts";
import type { DType, TypedArray } from "../tensor/dtype.ts";
import { bfloat16ToFloat32, float16ToFloat32 } from "../tensor/half.ts";
import { hostTensor, type HostTensor, tensorBytes } from "../tensor/host-tensor.ts";
import { writeFileAtomic } from "./atomic.ts";
import { fileError } from "./file-error.ts";
import {
  compareTensors,
  fileDType,
  formatHeader,
  type Header,
  MAX_HEADER_BYTES,
  METADATA_KEY,
  parseHeader,
  type TensorInfo,
} from "./safetensors-header.ts";

export type { TensorInfo } from "./safetensors-header.ts";

/** An open file. `read` may be called concurrently; `close` must be called once. */
export interface SafetensorsFile {
  readonly metadata: Readonly<Record<string, string>>;
  /** In the order of the data. */
  readonly tensors: ReadonlyMap<string, TensorInfo>;
  /**
   * Reads one tensor into memory of its own: float32 for any float, else the type in the file,
   * with int16 widened to int32.
   *
   * @throws {UsageError} if there is no such tensor.
   * @throws {FormatError} if no array holds its type (float8 and smaller, complex, unsigned 64-bit).
   */
  readonly read: (name: string) => Promise<HostTensor>;
  readonly close: () => Promise<void>;
}

export interface SafetensorsOptions {
  /** Free text in the header; transformers refuses a file without "format". Default: {"format": "pt"}. */
  readonly metadata?: Readonly<Record<string, string>>;
}

/**
 * Opens a file and checks its header; tensors are read when asked for.
 *
 * @throws {FormatError} if the header breaks a rule of the format.
 * @throws {UsageError} if the file cannot be opened.
 */
export async function openSafetensors(path: string): Promise<SafetensorsFile> {
  const handle = await openForReading(path);
  try {
    const { size } = await handle.stat();
    const { header, dataStart } = await readHeader(path, handle, size);
    return {
      ...header,
      read: (name) => readTensor(path, handle, dataStart, name, header.tensors.get(name)),
      close: () => handle.close(),
    };
  } catch (error) {
    await handle.close();
    throw fileError(path, "cannot read", error);
  }
}

/** A tensor to write; one that is not in memory yet is read when its turn comes. */
export type WritableTensor = HostTensor | DeferredTensor;

export interface DeferredTensor {
  readonly dtype: DType;
  readonly shape: readonly number[];
  /** Its elements, valid until the next tensor is read. */
  read(): Promise<TypedArray>;
}

/**
 * Writes a file atomically, tensor by tensor, in the bytes that the reference would write.
 *
 * @throws {UsageError} if two tensors share a name, or the file cannot be written.
 */
export async function writeSafetensors(
  path: string,
  tensors: Iterable<readonly [name: string, tensor: WritableTensor]>,
  options: SafetensorsOptions = {},
): Promise<void> {
  await writeFileAtomic(path, (handle) => writeTensors(handle, path, tensors, options));
}

/** Writes the content of a safetensors file to `handle`; `path` is for messages. */
export async function writeTensors(
  handle: FileHandle,
  path: string,
  tensors: Iterable<readonly [name: string, tensor: WritableTensor]>,
  { metadata = { format: "pt" } }: SafetensorsOptions = {},
): Promise<void> {
  const sorted = [...tensors].toSorted(([aName, a], [bName, b]) =>
    compareTensors([aName, fileDType(a.dtype)], [bName, fileDType(b.dtype)]),
  );
  const header = formatHeader({ metadata, tensors: layOut(path, sorted) });
  if (header.length - 8 > MAX_HEADER_BYTES) {
    const got = header.length - 8;
    throw new UsageError(`${path}: header takes more than ${MAX_HEADER_BYTES} bytes; got ${got}`);
  }
  await writeFully(handle, header);
  for (const [, tensor] of sorted) {
    const { dtype, shape } = tensor;
    const data = "data" in tensor ? tensor.data : await tensor.read();
    await writeFully(handle, bytesOf(hostTensor(dtype, shape, data).data));
  }
}

async function openForReading(path: string): Promise<FileHandle> {
  try {
    return await open(path, "r");
  } catch (error) {
    throw fileError(path, "cannot read", error);
  }
}

async function readHeader(
  path: string,
  handle: FileHandle,
  fileBytes: number,
): Promise<{ header: Header; dataStart: number }> {
  if (fileBytes < 8) {
    throw new FormatError(path, `file is shorter than 8 bytes; got ${fileBytes}`, { offset: 0 });
  }
  const length = Buffer.alloc(8);
  await readFully(path, handle, length, 0);
  const headerBytes = length.readBigUInt64LE();
  if (headerBytes > MAX_HEADER_BYTES) {
    const message = `header length is over ${MAX_HEADER_BYTES} bytes; got ${headerBytes}`;
    throw new FormatError(path, message, { offset: 0 });
  }
  const dataStart = 8 + Number(headerBytes);
  if (dataStart > fileBytes) {
    const message = `header lies beyond the end of the file; got ${headerBytes} bytes`;
    throw new FormatError(path, `${message} of ${fileBytes - 8}`, { offset: 0 });
  }
  const bytes = new Uint8Array(dataStart - 8);
  await readFully(path, handle, bytes, 8);
  return { header: parseHeader(path, bytes, fileBytes - dataStart), dataStart };
}

/** How the bytes of a stored type become an array. */
interface Decoder {
  readonly dtype: DType;
  readonly decode: (bytes: ArrayBuffer) => TypedArray;
}

const DECODERS = new Map<string, Decoder>([
  ["F32", { dtype: "float32", decode: (bytes) => new Float32Array(bytes) }],
  ["F64", { dtype: "float32", decode: (bytes) => Float32Array.from(new Float64Array(bytes)) }],
  ["F16", { dtype: "float32", decode: (bytes) => float16ToFloat32(new Uint16Array(bytes)) }],
  ["BF16", { dtype: "float32", decode: (bytes) => bfloat16ToFloat32(new Uint16Array(bytes)) }],
  ["I64", { dtype: "int64", decode: (bytes) => new BigInt64Array(bytes) }],
  ["I32", { dtype: "int32", decode: (bytes) => new Int32Array(bytes) }],
  ["I16", { dtype: "int32", decode: (bytes) => Int32Array.from(new Int16Array(bytes)) }],
  ["I8", { dtype: "int8", decode: (bytes) => new Int8Array(bytes) }],
  ["U32", { dtype: "uint32", decode: (bytes) => new Uint32Array(bytes) }],
  ["U16", { dtype: "uint16", decode: (bytes) => new Uint16Array(bytes) }],
  ["U8", { dtype: "uint8", decode: (bytes) => new Uint8Array(bytes) }],
  ["BOOL", { dtype: "bool", decode: (bytes) => new Uint8Array(bytes) }],
]);

async function readTensor(
  path: string,
  handle: FileHandle,
  dataStart: number,
  name: string,
  info: TensorInfo | undefined,
): Promise<HostTensor> {
  if (info === undefined) throw new UsageError(`${path}: no tensor ${JSON.stringify(name)}`);
  const decoder = DECODERS.get(info.dtype);
  if (decoder === undefined) {
    const message = `tensor ${JSON.stringify(name)}: dtype is not supported; got ${info.dtype}`;
    throw new FormatError(path, message);
  }
  const bytes = new Uint8Array(info.end - info.begin);
  await readFully(path, handle, bytes, dataStart + info.begin);
  return hostTensor(decoder.dtype, info.shape, decoder.decode(bytes.buffer));
}

/** Where each tensor will lie. */
function layOut(
  path: string,
  sorted: readonly (readonly [name: string, tensor: WritableTensor])[],
): ReadonlyMap<string, TensorInfo> {
  const infos = new Map<string, TensorInfo>();
  let begin = 0;
  for (const [name, tensor] of sorted) {
    const { dtype, shape } = tensor;
    if (infos.has(name) || name === METADATA_KEY) {
      const problem = infos.has(name) ? "appears twice" : "is a reserved name";
      throw new UsageError(`${path}: tensor ${JSON.stringify(name)} ${problem}`);
    }
    if ("data" in tensor) hostTensor(dtype, shape, tensor.data);
    const end = begin + tensorBytes(dtype, shape);
    infos.set(name, { dtype: fileDType(dtype), shape, begin, end });
    begin = end;
  }
  return infos;
}

/** Linux moves at most 2 GiB per call, and Node refuses more. */
const MAX_CHUNK_BYTES = 2 ** 30;

async function readFully(
  path: string,
  handle: FileHandle,
  into: Uint8Array,
  position: number,
): Promise<void> {
  for (let done = 0; done < into.length;) {
    const length = Math.min(into.length - done, MAX_CHUNK_BYTES);
    const { bytesRead } = await handle.read(into, done, length, position + done);
    if (bytesRead === 0) {
      throw new FormatError(path, "file became shorter while it was read", {
        offset: position + done,
      });
    }
    done += bytesRead;
  }
}

async function writeFully(handle: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    const length = Math.min(bytes.length - done, MAX_CHUNK_BYTES);
    const { bytesWritten } = await handle.write(bytes, done, length);
    done += bytesWritten;
  }
}

const bytesOf = ({ buffer, byteOffset, byteLength }: TypedArray): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength);
