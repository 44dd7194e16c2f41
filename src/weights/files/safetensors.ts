/**
 * @file Reading and writing safetensors files, one tensor at a time.
 *
 * The format is described in safetensors-header.ts. Every rule of the header is checked when a file
 * is opened; the values of the tensors are not, so NaN and infinity pass. What is written here carries
 * checksums, which are compared when it is read.
 */

import { FormatError, UsageError } from "../../errors.ts";
import { LFS_START_BYTES } from "../../files/lfs.ts";
import { writeFileAtomic } from "../../host/atomic.ts";
import { fileError } from "../../host/file-error.ts";
import type { FileStore, NewFile, ReadableFile } from "../../host/host.ts";
import { checkHeader, damaged, headerWithSums } from "./checksums.ts";
import type { DType, TypedArray } from "../../tensor/dtype.ts";
import { bfloat16ToFloat32, float16ToFloat32 } from "../../tensor/half.ts";
import { hostTensor, type HostTensor, tensorBytes } from "../../tensor/host-tensor.ts";
import { elementCount } from "../../tensor/shape.ts";
import { refuseOtherFormat } from "./other-formats.ts";
import { type Run, runningSums, runsOf } from "./runs.ts";
import {
  compareTensors,
  fileDType,
  type Header,
  MAX_HEADER_BYTES,
  METADATA_KEY,
  parseHeader,
  type TensorInfo,
} from "./safetensors-header.ts";

export type { TensorInfo } from "./safetensors-header.ts";

/** An open file of weights. `read` may be called concurrently; `close` must be called once. */
export interface WeightsFile {
  readonly tensors: ReadonlyMap<string, Pick<TensorInfo, "dtype" | "shape">>;
  /**
   * Reads one tensor: float32 for any float, else the type in the file, with int16 widened to int32.
   *
   * @throws {UsageError} if there is no such tensor.
   * @throws {FormatError} if no array holds its type (float8 and smaller, complex, unsigned 64-bit), or its bytes have another
   *   checksum than those that were written.
   */
  readonly read: (name: string, options?: ReadOptions) => Promise<HostTensor>;
  /** Closes the file. */
  readonly close: () => Promise<void>;
}

/** An open safetensors file. */
export interface SafetensorsFile extends WeightsFile {
  readonly metadata: Readonly<Record<string, string>>;
  /** In the order of the data. */
  readonly tensors: ReadonlyMap<string, TensorInfo>;
}

/** As what numbers are read. */
export interface ReadOptions {
  /** Whether float16 and bfloat16 become float32; otherwise they are read as bits. Default: true. */
  readonly widen?: boolean;
  /**
   * Tensors that are all wanted, and none of which is let go before the others: neighbours among them are read at once, into memory
   * that they share, and kept until the file is closed.
   */
  readonly together?: ReadonlySet<string>;
}

/** What is written besides tensors. */
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
export async function openSafetensors(files: FileStore, path: string): Promise<SafetensorsFile> {
  const file = await openForReading(files, path);
  try {
    const opened = { path, file, crc32: files.crc32, ...(await readHeader(files, path, file)) };
    const neighbours = readerOfRuns(opened);
    return {
      ...opened.header,
      read: (name, options) => readTensor(opened, name, { ...options, neighbours }),
      close: () => file.close(),
    };
  } catch (error) {
    await file.close();
    throw fileError(path, "cannot read", error);
  }
}

/** A tensor to write; one that is not in memory yet is read when its turn comes. */
export type WritableTensor = HostTensor | DeferredTensor;

/** A tensor that is read when it is written. */
export interface DeferredTensor {
  readonly dtype: DType;
  readonly shape: readonly number[];
  /** Its elements, valid until the next tensor is read. */
  read(): Promise<TypedArray>;
}

/** A tensor and its name in the file. */
export type NamedTensor = readonly [name: string, tensor: WritableTensor];

/**
 * Writes a file atomically, tensor by tensor, in the bytes that the reference would write.
 *
 * @throws {UsageError} if two tensors share a name, a name cannot be written, or the file cannot.
 */
export async function writeSafetensors(
  files: FileStore,
  path: string,
  tensors: Iterable<NamedTensor>,
  options: SafetensorsOptions = {},
): Promise<void> {
  await writeFileAtomic(files, path, (file) => writeTensors(files, file, path, tensors, options));
}

/** Writes the content of a safetensors file; `path` is for messages. */
export async function writeTensors(
  { crc32 }: Pick<FileStore, "crc32">,
  file: NewFile,
  path: string,
  tensors: Iterable<NamedTensor>,
  { metadata = { format: "pt" } }: SafetensorsOptions = {},
): Promise<void> {
  const sorted = [...tensors].toSorted(([aName, a], [bName, b]) =>
    compareTensors([aName, fileDType(a.dtype)], [bName, fileDType(b.dtype)]),
  );
  const header = { metadata, tensors: layOut(path, sorted) };
  const unsummed = headerWithSums(header, [], crc32);
  if (unsummed.length - 8 > MAX_HEADER_BYTES) {
    const got = unsummed.length - 8;
    throw new UsageError(`${path}: header takes more than ${MAX_HEADER_BYTES} bytes; got ${got}`);
  }
  await file.write(unsummed);
  const sums: number[] = [];
  for (const [, tensor] of sorted) {
    const { dtype, shape } = tensor;
    const data = "data" in tensor ? tensor.data : await tensor.read();
    let sum = 0;
    for (const part of partsOf(hostTensor(dtype, shape, data).data)) {
      sum = crc32(part, sum);
      await file.write(part);
    }
    sums.push(sum);
  }
  // Tensors may be made when their turn comes, so that their sums are known last.
  await file.replace(0, headerWithSums(header, sums, crc32));
}

async function openForReading(files: FileStore, path: string): Promise<ReadableFile> {
  try {
    return await files.open(path);
  } catch (error) {
    throw fileError(path, "cannot read", error);
  }
}

async function readHeader(
  { crc32 }: Pick<FileStore, "crc32">,
  path: string,
  file: ReadableFile,
): Promise<Pick<OpenFile, "dataStart" | "header" | "sums">> {
  const { bytes: fileBytes } = file;
  if (fileBytes < 8) {
    throw new FormatError(path, `file is shorter than 8 bytes; got ${fileBytes}`, { offset: 0 });
  }
  const startBytes = Math.min(fileBytes, LFS_START_BYTES);
  refuseOtherFormat(path, new Uint8Array(await readRange(path, file, 0, startBytes)));
  const headerBytes = new DataView(await readRange(path, file, 0, 8)).getBigUint64(0, true);
  if (headerBytes > MAX_HEADER_BYTES) {
    const message = `header length is over ${MAX_HEADER_BYTES} bytes; got ${headerBytes}`;
    throw new FormatError(path, message, { offset: 0 });
  }
  const dataStart = 8 + Number(headerBytes);
  if (dataStart > fileBytes) {
    const message = `header lies beyond the end of the file; got ${headerBytes} bytes`;
    throw new FormatError(path, `${message} of ${fileBytes - 8}`, { offset: 0 });
  }
  const bytes = new Uint8Array(await readRange(path, file, 0, dataStart));
  const header = parseHeader(path, bytes.subarray(8), fileBytes - dataStart);
  return { ...checkHeader(path, bytes, header, crc32), dataStart };
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

/** Sixteen-bit floats as they are. */
const HALVES = new Map<string, Decoder>([
  ["F16", { dtype: "float16", decode: (bytes) => new Uint16Array(bytes) }],
  ["BF16", { dtype: "bfloat16", decode: (bytes) => new Uint16Array(bytes) }],
]);

interface OpenFile {
  readonly path: string;
  readonly file: ReadableFile;
  readonly header: Header;
  readonly sums: ReadonlyMap<string, number> | undefined;
  readonly crc32: FileStore["crc32"];
  /** Bytes from the start of the file to the data section. */
  readonly dataStart: number;
}

async function readTensor(
  opened: OpenFile,
  name: string,
  { widen = true, together, neighbours }: ReadOptions & { readonly neighbours: RunReader },
): Promise<HostTensor> {
  const { path, header } = opened;
  const info = header.tensors.get(name);
  if (info === undefined) throw new UsageError(`${path}: no tensor ${JSON.stringify(name)}`);
  const decoder = (widen ? undefined : HALVES.get(info.dtype)) ?? DECODERS.get(info.dtype);
  if (decoder === undefined) {
    const message = `tensor ${JSON.stringify(name)}: dtype is not supported; got ${info.dtype}`;
    throw new FormatError(path, message);
  }
  const { begin, end, shape } = info;
  if (together?.has(name)) {
    const { run, data } = await neighbours(name, decoder, together);
    const bytesOfOne = (run.end - run.begin) / data.length;
    const start = data.length === 0 ? 0 : (begin - run.begin) / bytesOfOne;
    return hostTensor(decoder.dtype, shape, data.subarray(start, start + elementCount(shape)));
  }
  const bytes = await readRun(opened, { begin, end, tensors: [[name, info]] });
  return hostTensor(decoder.dtype, shape, decoder.decode(bytes));
}

/** Bytes that are read at once: they are there twice while they become another type. */
const RUN_BYTES = 2 ** 26;

/** The run of a tensor among those that are wanted, and its elements. */
type RunReader = (
  name: string,
  decoder: Decoder,
  wanted: ReadonlySet<string>,
) => Promise<{ readonly run: Run; readonly data: TypedArray }>;

/** Reads runs of tensors, each once as long as the same are wanted. */
function readerOfRuns(opened: OpenFile): RunReader {
  const made = new WeakMap<ReadonlySet<string>, ReadonlyMap<string, Run>>();
  const read = new Map<Run, Promise<TypedArray>>();
  return async (name, { decode }, wanted) => {
    const runs = made.get(wanted) ?? runByName(opened.header, wanted);
    made.set(wanted, runs);
    const run = runs.get(name);
    if (!run) throw new Error(`internal: no run has ${name}`);
    const data = read.get(run) ?? readRun(opened, run).then(decode);
    read.set(run, data);
    return { run, data: await data };
  };
}

const runByName = ({ tensors }: Header, wanted: ReadonlySet<string>): ReadonlyMap<string, Run> => {
  const chosen = [...tensors].filter(([name]) => wanted.has(name));
  const runs = runsOf(chosen, RUN_BYTES);
  return new Map(runs.flatMap((run) => run.tensors.map(([name]) => [name, run] as const)));
};

/** The bytes of a run. @throws {FormatError} if a tensor has another checksum than was written. */
async function readRun(
  { path, file, sums, crc32, dataStart }: OpenFile,
  run: Run,
): Promise<ArrayBuffer> {
  const running = sums && runningSums(run, crc32);
  const [begin, end] = [dataStart + run.begin, dataStart + run.end];
  const bytes = await readRange(path, file, begin, end, running?.add);
  for (const [name, sum] of running?.values() ?? []) {
    const wanted = sums?.get(name);
    if (wanted !== undefined && sum !== wanted) {
      throw damaged(path, `tensor ${JSON.stringify(name)}`);
    }
  }
  return bytes;
}

/** Where each tensor will lie. */
function layOut(path: string, sorted: readonly NamedTensor[]): ReadonlyMap<string, TensorInfo> {
  const infos = new Map<string, TensorInfo>();
  let begin = 0;
  for (const [name, tensor] of sorted) {
    const { dtype, shape } = tensor;
    const problem = infos.has(name) ? "appears twice" : problemOfName(name);
    if (problem) throw new UsageError(`${path}: tensor ${JSON.stringify(name)} ${problem}`);
    if ("data" in tensor) hostTensor(dtype, shape, tensor.data);
    const end = begin + tensorBytes(dtype, shape);
    infos.set(name, { dtype: fileDType(dtype), shape, begin, end });
    begin = end;
  }
  return infos;
}

function problemOfName(name: string): string | undefined {
  if (name === METADATA_KEY) return "is a reserved name";
  return /\p{Surrogate}/u.test(name) ? "has a name that UTF-8 cannot express" : undefined;
}

/** In Node 20 no view spans 4 GiB. */
const MAX_VIEW_BYTES = 2 ** 30;

/** The bytes from `begin` to `end` (exclusive), which must lie within the file; `seen` is given all of them, in order. */
async function readRange(
  path: string,
  file: ReadableFile,
  begin: number,
  end: number,
  seen?: (part: Uint8Array) => void,
): Promise<ArrayBuffer> {
  const read = async (from: number, to: number): Promise<Uint8Array<ArrayBuffer>> => {
    let told = 0;
    const tell = (part: Uint8Array): void => {
      told += part.length;
      seen?.(part);
    };
    const bytes = await file.read(from, to, seen && tell);
    if (told < bytes.length) seen?.(bytes.subarray(told));
    if (bytes.length === to - from) return bytes;
    throw new FormatError(path, "file became shorter while it was read", {
      offset: from + bytes.length,
    });
  };
  if (end - begin <= MAX_VIEW_BYTES) return (await read(begin, end)).buffer;
  const whole = new ArrayBuffer(end - begin);
  for (let from = begin; from < end; from += MAX_VIEW_BYTES) {
    const part = await read(from, Math.min(end, from + MAX_VIEW_BYTES));
    new Uint8Array(whole, from - begin, part.length).set(part);
  }
  return whole;
}

function partsOf({ buffer, byteOffset, byteLength }: TypedArray): readonly Uint8Array[] {
  const parts: Uint8Array[] = [];
  for (let done = 0; done < byteLength; done += MAX_VIEW_BYTES) {
    const length = Math.min(byteLength - done, MAX_VIEW_BYTES);
    parts.push(new Uint8Array(buffer, byteOffset + done, length));
  }
  return parts;
}
