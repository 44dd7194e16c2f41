/** @file Every rule of the safetensors header, one malformed header a row. */

import { describe, expect, it } from "vitest";
import { FormatError } from "../../src/errors.ts";
import { formatHeader, parseHeader } from "../../src/weights/safetensors-header.ts";

const parse = (text: string | Uint8Array, dataBytes = 0): ReturnType<typeof parseHeader> =>
  parseHeader("m.safetensors", Buffer.from(text), dataBytes);

const info = (dtype: string, shape: string, offsets: string): string =>
  `{"dtype":"${dtype}","shape":${shape},"data_offsets":${offsets}}`;

const tensor = (dtype: string, shape: string, offsets: string): string =>
  `{"a":${info(dtype, shape, offsets)}}`;

const two = (a: string, b: string): string =>
  `{"a":${info("U8", "[2]", a)},"b":${info("U8", "[2]", b)}}`;

interface Malformed {
  readonly rule: string;
  readonly header: string | Uint8Array;
  readonly dataBytes?: number;
  readonly message: string;
}

const MAX = Number.MAX_SAFE_INTEGER;

const malformed: readonly Malformed[] = [
  { rule: "UTF-8", header: Uint8Array.of(0x7b, 0xff, 0x7d), message: "not valid UTF-8" },
  { rule: "starts with {, empty", header: "", message: 'must start with "{"; got nothing' },
  { rule: "starts with {, space", header: " {}", message: 'must start with "{"; got " "' },
  { rule: "starts with {, mark", header: "\uFEFF{}", message: 'must start with "{"' },
  { rule: "an object, array", header: "[]", message: 'must start with "{"; got "["' },
  { rule: "JSON", header: '{"a"', message: 'line 1, column 5: expected ":"' },
  { rule: "nothing behind the object", header: "{}x", message: "expected the end" },
  { rule: "padding is white space", header: "{}\0\0", message: "expected the end" },
  { rule: "no NUL padding inside", header: "{\0}", message: "expected a string" },
  {
    rule: "no tensor twice",
    header: `{"a":${info("U8", "[0]", "[0,0]")},"a":${info("U8", "[0]", "[0,0]")}}`,
    message: 'key "a" appears twice',
  },
  {
    rule: "no tensor twice, escaped",
    header: `{"a":${info("U8", "[0]", "[0,0]")},"\\u0061":${info("U8", "[0]", "[0,0]")}}`,
    message: 'key "a" appears twice',
  },
  {
    rule: "no field twice",
    header: '{"a":{"dtype":"U8","dtype":"I8","shape":[0],"data_offsets":[0,0]}}',
    message: 'key "dtype" appears twice',
  },
  {
    rule: "no metadata twice",
    header: '{"__metadata__":{},"__metadata__":{}}',
    message: 'key "__metadata__" appears twice',
  },
  { rule: "metadata object", header: '{"__metadata__":[]}', message: "must be an object" },
  {
    rule: "metadata null",
    header: '{"__metadata__":null}',
    message: "must be an object; got null",
  },
  {
    rule: "metadata text",
    header: '{"__metadata__":{"epoch":1}}',
    message: '__metadata__: value of "epoch" must be a string; got 1',
  },
  { rule: "tensor object", header: '{"a":[]}', message: 'tensor "a": must be an object' },
  {
    rule: "dtype known",
    header: tensor("F23", "[0]", "[0,0]"),
    message: 'tensor "a": unknown dtype; got "F23"',
  },
  {
    rule: "dtype spelt in capitals",
    header: tensor("f32", "[0]", "[0,0]"),
    message: 'tensor "a": unknown dtype; got "f32"',
  },
  {
    rule: "dtype present",
    header: '{"a":{"shape":[0],"data_offsets":[0,0]}}',
    message: 'tensor "a": unknown dtype; got nothing',
  },
  {
    rule: "dtype not inherited",
    header: tensor("constructor", "[0]", "[0,0]"),
    message: "unknown dtype",
  },
  ...[
    "[-1]",
    "[1.5]",
    '["1"]',
    "[null]",
    "[[1]]",
    "2",
    "null",
    "{}",
    "[9007199254740992]",
    "[1e400]",
  ].map((shape) => ({
    rule: `shape of sizes, not ${shape}`,
    header: tensor("U8", shape, "[0,0]"),
    message: 'tensor "a": shape must be an array of non-negative safe integers; got',
  })),
  {
    rule: "shape present",
    header: '{"a":{"dtype":"U8","data_offsets":[0,0]}}',
    message: "shape must be an array of non-negative safe integers; got nothing",
  },
  {
    rule: "element count fits",
    header: tensor("U8", `[${MAX},2]`, "[0,0]"),
    message: 'tensor "a": element count overflows',
  },
  {
    rule: "element count fits, before a zero",
    header: tensor("U8", `[${MAX},${MAX},0]`, "[0,0]"),
    message: 'tensor "a": element count overflows',
  },
  {
    rule: "element count that wraps to zero in 64 bits",
    header: tensor("U8", "[4294967296,4294967296]", "[0,0]"),
    message: 'tensor "a": element count overflows',
  },
  {
    rule: "byte count fits",
    header: tensor("F64", `[${MAX}]`, "[0,0]"),
    message: 'tensor "a": element count overflows',
  },
  ...["[0]", "[0,1,2]", "[-1,0]", "[0.5,1]", '["0","1"]', "null", "[1e400,1e400]"].map(
    (offsets) => ({
      rule: `two offsets, not ${offsets}`,
      header: tensor("U8", "[1]", offsets),
      dataBytes: 1,
      message: 'tensor "a": data_offsets must be two non-negative safe integers; got',
    }),
  ),
  {
    rule: "offsets in order",
    header: tensor("U8", "[1]", "[1,0]"),
    dataBytes: 1,
    message: 'tensor "a": data_offsets are reversed; got [1, 0]',
  },
  {
    rule: "size of dtype and shape",
    header: tensor("F32", "[2,3]", "[0,12]"),
    dataBytes: 12,
    message: 'tensor "a": F32 [2, 3] takes 24 bytes; got 12',
  },
  {
    rule: "a scalar has one element",
    header: tensor("F32", "[]", "[0,0]"),
    message: 'tensor "a": F32 [] takes 4 bytes; got 0',
  },
  {
    rule: "whole bytes",
    header: tensor("F4", "[3]", "[0,1]"),
    dataBytes: 1,
    message: 'tensor "a": F4 [3] takes 1.5 bytes; got 1',
  },
  {
    rule: "within the file",
    header: tensor("U8", "[9]", "[0,9]"),
    dataBytes: 8,
    message: 'tensor "a": data_offsets lie beyond the end of the file; got 0 to 9 of 8 bytes',
  },
  {
    rule: "no hole at the start",
    header: tensor("U8", "[2]", "[1,3]"),
    dataBytes: 3,
    message: 'tensor "a": leaves a hole before it; got 1 to 3, expected 0',
  },
  {
    rule: "no hole between",
    header: two("[0,2]", "[3,5]"),
    dataBytes: 5,
    message: 'tensor "b": leaves a hole before it; got 3 to 5, expected 2',
  },
  {
    rule: "no overlap",
    header: two("[1,3]", "[0,2]"),
    dataBytes: 3,
    message: 'tensor "a": overlaps the one before it; got 1 to 3, expected 2',
  },
  {
    rule: "no tensor inside another's bytes",
    header: two("[0,2]", "[0,2]"),
    dataBytes: 2,
    message: 'tensor "b": overlaps the one before it',
  },
  {
    rule: "no empty tensor inside another",
    header: `{"a":${info("U8", "[2]", "[0,2]")},"b":${info("U8", "[0]", "[1,1]")}}`,
    dataBytes: 2,
    message: 'tensor "b": overlaps the one before it',
  },
  {
    rule: "nothing behind the last tensor",
    header: tensor("U8", "[1]", "[0,1]"),
    dataBytes: 2,
    message: "data: bytes follow the last tensor; got 1",
  },
  { rule: "no data without tensors", header: "{}", dataBytes: 1, message: "got 1" },
];

describe("parseHeader", () => {
  it.each(malformed)("demands: $rule", ({ header, dataBytes, message }) => {
    expect(() => parse(header, dataBytes)).toThrow(FormatError);
    expect(() => parse(header, dataBytes)).toThrow(/^m\.safetensors: /);
    expect(() => parse(header, dataBytes)).toThrow(message);
  });

  it("accepts scalars, empty tensors, spaces and unused types", () => {
    const text = `{"s":${info("F32", "[]", "[0,4]")},"e":${info("I64", "[2,0]", "[4,4]")},
      "f":${info("F4", "[4]", "[4,6]")}}  `;
    expect([...parse(text, 6).tensors]).toEqual([
      ["s", { dtype: "F32", shape: [], begin: 0, end: 4 }],
      ["e", { dtype: "I64", shape: [2, 0], begin: 4, end: 4 }],
      ["f", { dtype: "F4", shape: [4], begin: 4, end: 6 }],
    ]);
  });

  it("orders tensors by their place, not by their place in the header", () => {
    expect([...parse(two("[2,4]", "[0,2]"), 4).tensors.keys()]).toEqual(["b", "a"]);
  });

  it("accepts an empty tensor where another starts, whichever is named first", () => {
    const text = `{"a":${info("U8", "[2]", "[0,2]")},"e":${info("U8", "[0]", "[0,0]")}}`;
    expect([...parse(text, 2).tensors.keys()]).toEqual(["e", "a"]);
  });

  it("has no metadata where there is none, and no inherited names", () => {
    const { metadata, tensors } = parse("{}");
    expect(metadata).toEqual({});
    expect(tensors.size).toBe(0);
  });
});

describe("formatHeader", () => {
  it("writes what parseHeader reads, with the data at a multiple of eight", () => {
    for (let length = 1; length <= 9; length++) {
      const tensors = new Map([
        ["x".repeat(length), { dtype: "F32", shape: [2], begin: 0, end: 8 }],
        ["0", { dtype: "U8", shape: [], begin: 8, end: 9 }],
      ]);
      const header = { metadata: { format: "pt", __proto__x: "y" }, tensors };
      const bytes = formatHeader(header);
      expect(bytes.length % 8).toBe(0);
      expect(Buffer.from(bytes).readBigUInt64LE()).toBe(BigInt(bytes.length - 8));
      expect(parse(bytes.subarray(8), 9)).toEqual(header);
    }
  });
});
