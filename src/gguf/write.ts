/** @file Writing GGUF, version 3, as header.ts describes it: the header whole, then tensor by tensor. */

import type { NewFile } from "../host/host.ts";
import { elementCount } from "../tensor/shape.ts";
import { type BlockType, numberOfType } from "./block-types.ts";
import { aligned, ALIGNMENT, MAGIC, VALUE_TYPES, VERSION } from "./header.ts";

/** What an entry of the metadata is written as. */
export type GgufEntry =
  | string
  | boolean
  /** A whole number, as u32. */
  | number
  /** As f32. */
  | { readonly float: number }
  | readonly string[]
  /** As a list of f32. */
  | { readonly floats: readonly number[] }
  /** As a list of i32. */
  | { readonly integers: readonly number[] };

/** A tensor that is to be written. */
export interface GgufTensorPlan {
  readonly name: string;
  readonly shape: readonly number[];
  readonly type: BlockType;
}

export interface GgufContent {
  readonly metadata: Readonly<Record<string, GgufEntry>>;
  readonly tensors: readonly GgufTensorPlan[];
  /** The bytes of each tensor, in their order; the next ones are asked for when those are written. */
  readonly data: AsyncIterable<Uint8Array>;
}

/** @throws what `data` throws. */
export async function writeGguf(
  file: NewFile,
  { metadata, tensors, data }: GgufContent,
): Promise<void> {
  await file.write(headerOf(metadata, tensors));
  let written = 0;
  for await (const bytes of data) {
    const plan = tensors[written];
    if (!plan || bytes.length !== bytesOf(plan)) {
      throw new Error(`internal: ${bytes.length} bytes for ${plan?.name}`);
    }
    await file.write(bytes);
    await file.write(new Uint8Array(aligned(bytes.length, ALIGNMENT) - bytes.length));
    written += 1;
  }
  if (written !== tensors.length) throw new Error(`internal: ${written} tensors were written`);
}

const bytesOf = ({ shape, type }: GgufTensorPlan): number =>
  (elementCount(shape) / type.elements) * type.bytes;

function headerOf(
  metadata: GgufContent["metadata"],
  tensors: readonly GgufTensorPlan[],
): Uint8Array {
  const entries = Object.entries(metadata);
  const parts: Uint8Array[] = [
    new TextEncoder().encode(MAGIC),
    uint32(VERSION),
    uint64(tensors.length),
    uint64(entries.length),
    ...entries.flatMap(([key, value]) => [...string(key), ...entryOf(value)]),
  ];
  let offset = 0;
  for (const plan of tensors) {
    const { name, shape, type } = plan;
    parts.push(...string(name), uint32(shape.length), ...shape.toReversed().map(uint64));
    parts.push(uint32(numberOfType(type)), uint64(offset));
    offset += aligned(bytesOf(plan), ALIGNMENT);
  }
  return joined(parts);
}

const { string: STRING, array: ARRAY, ...OTHERS } = VALUE_TYPES;

function entryOf(value: GgufEntry): readonly Uint8Array[] {
  if (typeof value === "string") return [uint32(STRING), ...string(value)];
  if (typeof value === "boolean") return [uint32(OTHERS.bool), Uint8Array.of(value ? 1 : 0)];
  if (typeof value === "number") return [uint32(OTHERS.uint32), uint32(value)];
  if ("float" in value) return [uint32(OTHERS.float32), float32s([value.float])];
  if ("floats" in value) return list(OTHERS.float32, value.floats.length, [float32s(value.floats)]);
  if ("integers" in value) {
    return list(OTHERS.int32, value.integers.length, [int32s(value.integers)]);
  }
  return list(STRING, value.length, value.flatMap(string));
}

const list = (
  type: number,
  length: number,
  items: readonly Uint8Array[],
): readonly Uint8Array[] => [uint32(ARRAY), uint32(type), uint64(length), ...items];

function string(text: string): readonly Uint8Array[] {
  const bytes = new TextEncoder().encode(text);
  return [uint64(bytes.length), bytes];
}

function numbers(
  count: number,
  bytes: number,
  set: (view: DataView, at: number, i: number) => void,
): Uint8Array {
  const out = new Uint8Array(count * bytes);
  const view = new DataView(out.buffer);
  for (let i = 0; i < count; i++) set(view, i * bytes, i);
  return out;
}

const uint32 = (value: number): Uint8Array =>
  numbers(1, 4, (view, at) => view.setUint32(at, value, true));
const uint64 = (value: number): Uint8Array =>
  numbers(1, 8, (view, at) => view.setBigUint64(at, BigInt(value), true));
const float32s = (values: readonly number[]): Uint8Array =>
  numbers(values.length, 4, (view, at, i) => view.setFloat32(at, values[i] ?? 0, true));
const int32s = (values: readonly number[]): Uint8Array =>
  numbers(values.length, 4, (view, at, i) => view.setInt32(at, values[i] ?? 0, true));

/** Parts one after another, and zeros up to where data may begin. */
function joined(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = parts.reduce((sum, part) => sum + part.length, 0);
  const out = new Uint8Array(aligned(bytes, ALIGNMENT));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}
