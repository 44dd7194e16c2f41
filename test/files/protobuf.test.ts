/** Bytes against the examples of protobuf.dev, "Encoding", and ones worked out by hand from its rules. */

import { describe, expect, it } from "vitest";
import {
  bytesField,
  floatField,
  intField,
  message,
  messageField,
  stringField,
  varint,
} from "../../src/files/protobuf.ts";

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");

describe("varint", () => {
  it.each([
    [0, "00"],
    [1, "01"],
    [127, "7f"],
    [128, "8001"],
    [150, "9601"],
    [300, "ac02"],
    [16_384, "808001"],
    [2 ** 32, "8080808010"],
    [Number.MAX_SAFE_INTEGER, "ffffffffffffff0f"],
    [-1, "ffffffffffffffffff01"],
    [-2, "feffffffffffffffff01"],
  ])("%d", (value, expected) => {
    expect(hex(varint(value))).toBe(expected);
  });
});

describe("a field", () => {
  it.each([
    ["int", intField(1, 150), "089601"],
    ["int with a number above 15", intField(20, 7), "a00107"],
    ["string", stringField(2, "testing"), "120774657374696e67"],
    ["string beyond ASCII", stringField(1, "ü"), "0a02c3bc"],
    ["empty string", stringField(1, ""), "0a00"],
    ["float", floatField(2, 1), "150000803f"],
    ["negative float", floatField(2, -0.5), "15000000bf"],
    ["bytes", bytesField(9, Uint8Array.of(0, 255)), "4a0200ff"],
    ["message", messageField(3, [intField(1, 150)]), "1a03089601"],
    ["empty message", messageField(3, []), "1a00"],
    ["message in a message", messageField(1, [messageField(2, [intField(3, 1)])]), "0a0412021801"],
  ])("%s", (_, field, expected) => {
    expect(hex(message([field]))).toBe(expected);
  });

  it("that is a long message has the same parts as a short one", () => {
    const bytes = message([messageField(1, [bytesField(1, new Uint8Array(5000).fill(7))])]);
    expect(hex(bytes.subarray(0, 6))).toBe("0a8b270a8827");
    expect(bytes.subarray(6)).toEqual(new Uint8Array(5000).fill(7));
  });

  it("longer than 127 bytes has a length of two bytes", () => {
    const bytes = message([bytesField(1, new Uint8Array(200))]);
    expect(hex(bytes.subarray(0, 3))).toBe("0ac801");
    expect(bytes).toHaveLength(203);
  });
});

describe("a message", () => {
  it("is its fields in their order", () => {
    expect(hex(message([intField(2, 1), intField(1, 2)]))).toBe("10010802");
  });

  it("is nothing without fields", () => {
    expect(message([])).toHaveLength(0);
  });
});
