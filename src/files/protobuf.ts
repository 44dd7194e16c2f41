/**
 * @file Protocol Buffers wire format, writing only (protobuf.dev, "Encoding"). A message is a list of fields; a field is a tag
 * (number and wire type), then a varint, or a length and that many bytes, or four or eight bytes.
 */

/** One encoded field: pieces of bytes, joined once at the end. */
export type Field = readonly Uint8Array[];

const utf8 = new TextEncoder();

export function varint(value: number): Uint8Array {
  if (value >= 0 && value < 128) return Uint8Array.of(value);
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  for (; rest >= 128n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
  bytes.push(Number(rest));
  return Uint8Array.from(bytes);
}

const tag = (field: number, wireType: number): Uint8Array => varint(field * 8 + wireType);

export const intField = (field: number, value: number): Field => [tag(field, 0), varint(value)];

export const floatField = (field: number, value: number): Field => [
  tag(field, 5),
  new Uint8Array(Float32Array.of(value).buffer),
];

export const doubleField = (field: number, value: number): Field => [
  tag(field, 1),
  new Uint8Array(Float64Array.of(value).buffer),
];

export const bytesField = (field: number, bytes: Uint8Array): Field => [
  tag(field, 2),
  varint(bytes.length),
  bytes,
];

export const stringField = (field: number, text: string): Field =>
  bytesField(field, utf8.encode(text));

/** A message up to this size, such as a node, is joined at once: otherwise all that contain it carry dozens of pieces. */
const JOINED_BYTES = 4096;

export function messageField(field: number, fields: readonly Field[]): Field {
  const pieces = fields.flat();
  const length = lengthOf(pieces);
  if (length > JOINED_BYTES) return [tag(field, 2), varint(length), ...pieces];
  return [join([tag(field, 2), varint(length), ...pieces])];
}

/** The beginning of a field of `size` bytes that follow. */
export const openField = (field: number, size: number): Field => [tag(field, 2), varint(size)];

/** The bytes of a message. */
export const message = (fields: readonly Field[]): Uint8Array => join(fields.flat());

const lengthOf = (pieces: Field): number => {
  let length = 0;
  for (const piece of pieces) length += piece.length;
  return length;
};

function join(pieces: Field): Uint8Array {
  const bytes = new Uint8Array(lengthOf(pieces));
  let offset = 0;
  for (const piece of pieces) {
    bytes.set(piece, offset);
    offset += piece.length;
  }
  return bytes;
}
