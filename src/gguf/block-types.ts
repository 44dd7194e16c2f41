/**
 * @file The types of tensors in GGUF, by their numbers in the file. Rows are divided into blocks of numbers that are stored together.
 *
 * Source: `GGMLQuantizationType` and `GGML_QUANT_SIZES` of gguf-py 0.19.
 */

import { FormatError } from "../errors.ts";
import { bfloat16ToFloat32, float16ToFloat32 } from "../tensor/half.ts";
import { q4_0, q4_1, q5_0, q5_1, q8_0, type ReadBlock } from "./blocks.ts";
import { q2_K, q3_K, q4_K, q5_K, q6_K } from "./super-blocks.ts";

export interface BlockType {
  /** As llama.cpp calls it. */
  readonly name: string;
  /** Numbers in a block. */
  readonly elements: number;
  /** Bytes of a block. */
  readonly bytes: number;
  /** The numbers of whole blocks; `bytes` begins a buffer. */
  readonly dequantize: (bytes: Uint8Array<ArrayBuffer>) => Float32Array;
}

const ofBlocks =
  (elements: number, bytes: number, read: ReadBlock): BlockType["dequantize"] =>
  ({ buffer, byteOffset, byteLength }) => {
    const view = new DataView(buffer, byteOffset, byteLength);
    const count = byteLength / bytes;
    const out = new Float32Array(count * elements);
    for (let i = 0; i < count; i++) read(view, i * bytes, out, i * elements);
    return out;
  };

const blocks = (name: string, elements: number, bytes: number, read: ReadBlock): BlockType => ({
  name,
  elements,
  bytes,
  dequantize: ofBlocks(elements, bytes, read),
});

const halves = ({ buffer, byteOffset, byteLength }: Uint8Array<ArrayBuffer>): Uint16Array =>
  new Uint16Array(buffer, byteOffset, byteLength / 2);

export const F32: BlockType = {
  name: "F32",
  elements: 1,
  bytes: 4,
  dequantize: ({ buffer, byteOffset, byteLength }) =>
    new Float32Array(buffer, byteOffset, byteLength / 4),
};

export const F16: BlockType = {
  name: "F16",
  elements: 1,
  bytes: 2,
  dequantize: (bytes) => float16ToFloat32(halves(bytes)),
};

export const BF16: BlockType = {
  name: "BF16",
  elements: 1,
  bytes: 2,
  dequantize: (bytes) => bfloat16ToFloat32(halves(bytes)),
};

export const Q8_0: BlockType = blocks("Q8_0", 32, 34, q8_0);

/** The types by their numbers. */
const TYPES: ReadonlyMap<number, BlockType> = new Map([
  [0, F32],
  [1, F16],
  [2, blocks("Q4_0", 32, 18, q4_0)],
  [3, blocks("Q4_1", 32, 20, q4_1)],
  [6, blocks("Q5_0", 32, 22, q5_0)],
  [7, blocks("Q5_1", 32, 24, q5_1)],
  [8, Q8_0],
  [10, blocks("Q2_K", 256, 84, q2_K)],
  [11, blocks("Q3_K", 256, 110, q3_K)],
  [12, blocks("Q4_K", 256, 144, q4_K)],
  [13, blocks("Q5_K", 256, 176, q5_K)],
  [14, blocks("Q6_K", 256, 210, q6_K)],
  [30, BF16],
]);

/** Types that are not read, by their numbers, for the message. */
const OTHERS: ReadonlyMap<number, string> = new Map([
  [9, "Q8_1"],
  [15, "Q8_K"],
  [16, "IQ2_XXS"],
  [17, "IQ2_XS"],
  [18, "IQ3_XXS"],
  [19, "IQ1_S"],
  [20, "IQ4_NL"],
  [21, "IQ3_S"],
  [22, "IQ2_S"],
  [23, "IQ4_XS"],
  [29, "IQ1_M"],
  [34, "TQ1_0"],
  [35, "TQ2_0"],
  [39, "MXFP4"],
]);

/** @throws {FormatError} naming a type that is not read. */
export function blockType(path: string, tensor: string, number: number): BlockType {
  const type = TYPES.get(number);
  if (type) return type;
  const known = [...TYPES.values()].map(({ name }) => name).join(", ");
  const got = OTHERS.get(number) ?? `type ${number}`;
  throw new FormatError(
    path,
    `tensor ${JSON.stringify(tensor)}: types that are read are ${known}; got ${got}`,
  );
}

/** The number of a type in the file. */
export function numberOfType(type: BlockType): number {
  for (const [number, each] of TYPES) if (each === type) return number;
  throw new Error(`internal: ${type.name} is none of the types`);
}
