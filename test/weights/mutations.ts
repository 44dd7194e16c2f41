/** @file Damage to safetensors files, as a disk, a cable or an enemy does it. */

import * as fc from "fast-check";

/** A damaged copy of a file. */
export type Mutation = (bytes: Buffer) => Buffer;

/** Where the data starts, if the length of the header is to be believed. */
export function dataStartOf(bytes: Buffer): number {
  const padded = bytes.length < 8 ? Buffer.alloc(8) : bytes;
  return 8 + Number(padded.readBigUInt64LE());
}

/** Finds a place in a file, whatever its length; every other one is in the header. */
const finder = fc.oneof(
  fc
    .double({ min: 0, max: 1, noNaN: true })
    .map((part) => (bytes: Buffer) => Math.floor(part * bytes.length)),
  fc.nat(200).map((index) => (bytes: Buffer) => Math.min(index, bytes.length)),
);

/** `bytes` with other bytes from `at` on. */
const splice = (bytes: Buffer, at: number, removed: number, added: Uint8Array): Buffer =>
  Buffer.concat([bytes.subarray(0, at), added, bytes.subarray(at + removed)]);

const flip = fc.tuple(finder, fc.integer({ min: 1, max: 255 })).map(([find, mask]): Mutation => {
  return (bytes) => {
    const at = find(bytes);
    return splice(bytes, at, 1, Uint8Array.of((bytes[at] ?? 0) ^ mask));
  };
});

const truncate = finder.map((find): Mutation => {
  return (bytes) => bytes.subarray(0, find(bytes));
});

const replace = fc
  .tuple(finder, fc.nat(20), fc.uint8Array({ maxLength: 20 }))
  .map(([find, removed, added]): Mutation => {
    return (bytes) => splice(bytes, find(bytes), removed, added);
  });

const repeat = fc.tuple(finder, fc.nat(60)).map(([find, length]): Mutation => {
  return (bytes) => {
    const at = find(bytes);
    return splice(bytes, at, 0, bytes.subarray(at, at + length));
  };
});

const anotherLength = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map((length): Mutation => {
  return (bytes) => {
    const changed = Buffer.concat([bytes, Buffer.alloc(8)]);
    changed.writeBigUInt64LE(length);
    return changed;
  };
});

/** What parsers fall over, and what makes another valid file. */
const words = fc.oneof(
  fc.constantFrom("9007199254740991", "9007199254740993", "18446744073709551616", "4294967296"),
  fc.constantFrom("1e400", "1e15", "-1", "-0", "0", "0.5", "null", "[]", "{}", "[".repeat(200)),
  fc.constantFrom('"', '""', "\\", "\0", "__metadata__", "dtype", "shape", "a", "\u00fc"),
  fc.constantFrom("F64", "F32", "I32", "U32", "F16", "BF16", "I8", "F4", "1", "2", "3", "8", "16"),
);

/** The header with the `choice`-th match of `pattern` replaced, and its length after it. */
function rewritten(
  bytes: Buffer,
  pattern: RegExp,
  choice: number,
  replacement: (match: RegExpExecArray) => string,
): Buffer {
  const header = bytes.toString("latin1", 8, dataStartOf(bytes));
  const found = [...header.matchAll(pattern)];
  const match = found[choice % Math.max(found.length, 1)];
  if (match === undefined) return bytes;
  const added = Buffer.from(replacement(match));
  const changed = splice(bytes, 8 + match.index, match[0].length, added);
  changed.writeBigUInt64LE(BigInt(header.length + added.length - match[0].length));
  return changed;
}

/** One number or word gives way to another. */
const rewrite = fc.tuple(fc.nat(), words).map(([choice, word]): Mutation => {
  return (bytes) => rewritten(bytes, /\w+/g, choice, () => word);
});

/** A tensor moves without changing its size. */
const move = fc.tuple(fc.nat(), fc.integer({ min: -16, max: 16 })).map(([choice, by]): Mutation => {
  const moved = ([, begin, end]: RegExpExecArray): string =>
    `"data_offsets":[${Number(begin) + by},${Number(end) + by}]`;
  return (bytes) => rewritten(bytes, /"data_offsets":\[(\d+),(\d+)\]/g, choice, moved);
});

export const mutation: fc.Arbitrary<Mutation> = fc.oneof(
  flip,
  truncate,
  replace,
  repeat,
  anotherLength,
  rewrite,
  move,
);
