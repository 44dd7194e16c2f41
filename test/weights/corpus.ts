/**
 * @file Files that keep or break the rules of safetensors, one rule a row; what the reference says
 * of the very same bytes is in test/golden/safetensors_verdicts.json.
 */

import { safetensorsBytes } from "./support.ts";

export interface CorpusFile {
  readonly rule: string;
  readonly bytes: Uint8Array;
}

export interface RefusedFile extends CorpusFile {
  /** A part of the error. */
  readonly error: string;
  /** Why it is refused all the same, where the reference accepts it. */
  readonly stricter?: string;
}

type Row = readonly [rule: string, bytes: Uint8Array, error: string, stricter?: string];

const file = safetensorsBytes;

const info = (dtype: string, shape: string, offsets: string): string =>
  `{"dtype":"${dtype}","shape":${shape},"data_offsets":${offsets}}`;

/** A file with one tensor. */
const one = (dtype: string, shape: string, offsets: string, dataBytes = 0): Buffer =>
  file(`{"a":${info(dtype, shape, offsets)}}`, dataBytes);

/** A file with two tensors of two bytes each. */
const two = (a: string, b: string, dataBytes: number): Buffer =>
  file(`{"a":${info("U8", "[2]", a)},"b":${info("U8", "[2]", b)}}`, dataBytes);

/** A file whose one tensor, of no bytes, has a further field. */
const extra = (field: string): Buffer =>
  file(`{"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0],${field}}}`);

const EMPTY = info("U8", "[0]", "[0,0]");
const named = (...names: readonly string[]): Buffer =>
  file(`{${names.map((name) => `"${name}":${EMPTY}`).join(",")}}`);

/** A file that gives its header another length. */
function lengthOf(headerBytes: bigint, rest: number): Buffer {
  const bytes = Buffer.alloc(8 + rest, " ");
  bytes.writeBigUInt64LE(headerBytes);
  return bytes;
}

const MAX = String(Number.MAX_SAFE_INTEGER);
const nested = (levels: number): string => `"x":${"[".repeat(levels)}${"]".repeat(levels)}`;

const SPECIFIED = "the specification demands it; the reference leaves it to its JSON parser";
const AMBIGUOUS = "the specification forbids duplicate keys; the reference keeps one of the two";
const UNTYPED = "the specification has an object here; the reference takes what its parser takes";
const INEXACT = "a number beyond 2^53 - 1 is not exact here, and no such tensor fits a disk";

const refusedRows: readonly Row[] = [
  // The length of the header.
  ["no file shorter than the length", Buffer.alloc(0), "file is shorter than 8 bytes; got 0"],
  ["no file of seven bytes", Buffer.alloc(7), "file is shorter than 8 bytes; got 7"],
  ["a length up to 100 000 000", lengthOf(100_000_001n, 8), "is over 100000000 bytes"],
  [
    "a length below 2^63",
    lengthOf(2n ** 63n, 8),
    "is over 100000000 bytes; got 9223372036854775808",
  ],
  ["a length below 2^64 - 8", lengthOf(2n ** 64n - 1n, 8), "is over 100000000 bytes"],
  ["a length within the file", lengthOf(9n, 8), "beyond the end of the file; got 9 bytes of 8"],
  ["the largest length within the file", lengthOf(100_000_000n, 8), "beyond the end of the file"],
  ["a header", lengthOf(0n, 0), 'header: must start with "{"; got nothing'],

  // The text of the header.
  ["UTF-8", file(Uint8Array.of(0x7b, 0xff, 0x7d)), "not valid UTF-8"],
  [
    "UTF-8 without longer forms",
    file(Buffer.from(`7b22c0af223a${Buffer.from(EMPTY).toString("hex")}7d`, "hex")),
    "not valid UTF-8",
  ],
  [
    "UTF-8 without surrogates",
    file(Buffer.from(`7b22eda080223a${Buffer.from(EMPTY).toString("hex")}7d`, "hex")),
    "not valid UTF-8",
  ],
  ["UTF-8 to the end", file(Uint8Array.of(0x7b, 0x7d, 0xe2, 0x82)), "not valid UTF-8"],
  ["{ first, not a space", file(" {}"), 'must start with "{"; got " "', SPECIFIED],
  ["{ first, not a line feed", file("\n{}"), 'must start with "{"; got "\\n"', SPECIFIED],
  ["{ first, not a byte order mark", file("\uFEFF{}"), 'must start with "{"'],
  ["an object, not an array", file("[]"), 'must start with "{"; got "["'],
  ["an object, not null", file("null"), 'must start with "{"; got "n"'],
  ["an object, not a text", file('"{}"'), 'must start with "{"; got "\\""'],
  ["JSON", file('{"a"'), 'line 1, column 5: expected ":"'],
  ["JSON without a comma at the end", file('{"a":{},}'), "expected a string"],
  ["JSON without comments", file("{/**/}"), "expected a string"],
  ["JSON with double quotes", file("{'a':{}}"), "expected a string"],
  ["JSON that ends", file("{"), "expected a string; got the end"],
  ["strings that end", file('{"a'), "string does not end"],
  ["no control characters in strings", named("a\n"), "string holds an escape or control character"],
  ["escapes that JSON knows", named("\\x61"), "string holds an escape or control character"],
  ["no first half of a surrogate pair", named("\\ud800"), "half a surrogate pair"],
  ["no second half of a surrogate pair", named("\\udc00"), "half a surrogate pair"],
  ["no halves in the wrong order", named("\\ude00\\ud83d"), "half a surrogate pair"],
  ["nothing behind the object", file("{}x"), "expected the end"],
  ["no second object", file("{}{}"), "expected the end"],
  ["padding that is not NUL", file("{}\0\0"), "expected the end"],
  ["no NUL inside", file("{\0}"), "expected a string"],
  ["padding of ASCII spaces", file("{}\u00a0"), "expected the end"],
  ["bounded nesting", extra(nested(1000)), "nested deeper than 100 levels"],
  ["bounded nesting of objects", file('{"a":'.repeat(1000)), "nested deeper than 100 levels"],
  [
    "nesting of a hundred levels",
    extra(nested(110)),
    "nested deeper than 100 levels",
    "no file has it; the reference stops at 127",
  ],

  // Keys.
  ["no tensor twice", named("a", "a"), 'key "a" appears twice', AMBIGUOUS],
  ["no tensor twice, once escaped", named("a", "\\u0061"), 'key "a" appears twice', AMBIGUOUS],
  [
    "no field twice",
    file('{"a":{"dtype":"U8","dtype":"I8","shape":[0],"data_offsets":[0,0]}}'),
    'key "dtype" appears twice',
  ],
  ["no further field twice", extra('"x":1,"x":1'), 'key "x" appears twice', AMBIGUOUS],
  ["no key twice anywhere", extra('"x":[{"y":1,"y":2}]'), 'key "y" appears twice', AMBIGUOUS],
  ["one metadata", file('{"__metadata__":{},"__metadata__":{}}'), "appears twice"],
  [
    "no key of metadata twice",
    file('{"__metadata__":{"a":"1","a":"2"}}'),
    'key "a" appears twice',
    AMBIGUOUS,
  ],

  // Metadata.
  [
    "metadata: an object, not an array",
    file('{"__metadata__":[]}'),
    "must be an object; got an array",
  ],
  ["metadata: an object, not a text", file('{"__metadata__":"a"}'), 'must be an object; got "a"'],
  ["metadata: an object, not null", file('{"__metadata__":null}'), "must be an object", UNTYPED],
  ["metadata: no tensor", file(`{"__metadata__":${EMPTY}}`), 'value of "shape" must be a string'],
  ...["1", "null", "true", '["a"]', "{}"].map((value): Row => [
    `metadata: texts, not ${value}`,
    file(`{"__metadata__":{"epoch":${value}}}`),
    '__metadata__: value of "epoch" must be a string; got',
  ]),

  // Fields.
  ...["[]", "null", "1", '"U8"'].map((value): Row => [
    `a tensor: an object, not ${value}`,
    file(`{"a":${value}}`),
    'tensor "a": must be an object; got',
  ]),
  [
    "a tensor: an object, not its fields in order",
    file('{"a":["U8",[0],[0,0]]}'),
    'tensor "a": must be an object; got an array of 3',
    UNTYPED,
  ],
  ["a dtype", file('{"a":{"shape":[0],"data_offsets":[0,0]}}'), "unknown dtype; got nothing"],
  ["a shape", file('{"a":{"dtype":"U8","data_offsets":[0,0]}}'), "shape must be an array"],
  ["offsets", file('{"a":{"dtype":"U8","shape":[0]}}'), "data_offsets must be two"],
  ...["F23", "f32", "float32", "", "constructor", "__proto__", "F32 "].map((dtype): Row => [
    `a dtype of the table, not "${dtype}"`,
    one(dtype, "[0]", "[0,0]"),
    `tensor "a": unknown dtype; got "${dtype}"`,
  ]),
  ...["1", "null", '["U8"]'].map((dtype): Row => [
    `a dtype by name, not ${dtype}`,
    file(`{"a":{"dtype":${dtype},"shape":[0],"data_offsets":[0,0]}}`),
    'tensor "a": unknown dtype; got',
  ]),
  [
    "a dtype by name, not an object",
    file('{"a":{"dtype":{"U8":null},"shape":[0],"data_offsets":[0,0]}}'),
    'tensor "a": unknown dtype; got an object',
    UNTYPED,
  ],
  ...["[-1]", "[-0]", "[0.5]", "[0.0]", "[0e0]", '["0"]', "[null]", "[[0]]", "[true]"]
    .concat(["0", "null", "{}", '"[0]"', "[18446744073709551616]"])
    .map((shape): Row => [
      `sizes in a shape, not ${shape}`,
      one("U8", shape, "[0,0]"),
      'tensor "a": shape must be an array of non-negative safe integers; got',
    ]),
  ["numbers of finite size", one("U8", "[1e400]", "[0,0]"), "number is out of range"],
  ["numbers of finite size everywhere", extra('"x":-1e400'), "number is out of range"],
  ["numbers without a leading zero", one("U8", "[00]", "[0,0]"), 'expected "," or "]"'],
  ...["[0]", "[]", "[0,0,0]", "[-1,0]", "[-0,0]", "[0,0.0]", "[0,0e0]", '["0","0"]', "[null,0]"]
    .concat(["0", "null", "{}", "[18446744073709551616,18446744073709551616]"])
    .map((offsets): Row => [
      `two offsets, not ${offsets}`,
      one("U8", "[0]", offsets),
      'tensor "a": data_offsets must be two non-negative safe integers; got',
    ]),
  ["exact sizes", one("U8", "[9007199254740992,0]", "[0,0]"), "safe integers; got", INEXACT],

  // Sizes.
  ["elements that can be counted", one("U8", `[${MAX},${MAX}]`, "[0,0]"), "count overflows"],
  [
    "a count that overflows before a zero",
    one("U8", `[${MAX},${MAX},0]`, "[0,0]"),
    "count overflows",
  ],
  [
    "a count beyond exact numbers before a zero",
    one("U8", `[${MAX},2,0]`, "[0,0]"),
    "count overflows",
    INEXACT,
  ],
  [
    "a count that wraps to zero in 64 bits",
    one("U8", "[4294967296,4294967296]", "[0,0]"),
    "count overflows",
  ],
  ["bytes that can be counted", one("F64", `[${MAX}]`, "[0,0]"), "count overflows"],
  ["as many bytes as elements take", one("F32", "[2,3]", "[0,12]", 12), "takes 24 bytes; got 12"],
  ["no more bytes than elements take", one("F32", "[2]", "[0,12]", 12), "takes 8 bytes; got 12"],
  ["a scalar of one element", one("F32", "[]", "[0,0]"), "F32 [] takes 4 bytes; got 0"],
  ["an empty tensor without bytes", one("F32", "[2,0]", "[0,4]", 4), "takes 0 bytes; got 4"],
  ["whole bytes", one("F4", "[3]", "[0,1]", 1), "F4 [3] takes 1.5 bytes; got 1"],
  ["whole bytes, rounded up", one("F4", "[3]", "[0,2]", 2), "F4 [3] takes 1.5 bytes; got 2"],
  ["whole bytes of six bits", one("F6_E2M3", "[2]", "[0,1]", 1), "takes 1.5 bytes; got 1"],

  // Places.
  ["offsets in order", one("U8", "[1]", "[1,0]", 1), "data_offsets are reversed; got [1, 0]"],
  ["tensors within the file", one("U8", "[9]", "[0,9]", 8), "beyond the end of the file"],
  [
    "a tensor within an empty data section",
    one("U8", "[1]", "[0,1]"),
    "beyond the end of the file",
  ],
  [
    "a tensor that claims a petabyte",
    one("U8", "[1000000000000000]", "[0,1000000000000000]", 8),
    "beyond the end of the file",
  ],
  ["an empty tensor within the file", one("U8", "[0]", "[1,1]"), "beyond the end of the file"],
  ["no hole at the start", one("U8", "[2]", "[1,3]", 3), "leaves a hole before it; got 1 to 3"],
  ["no hole between", two("[0,2]", "[3,5]", 5), 'tensor "b": leaves a hole before it'],
  ["no overlap", two("[1,3]", "[0,2]", 3), 'tensor "a": overlaps the one before it'],
  ["no two in one place", two("[0,2]", "[0,2]", 2), 'tensor "b": overlaps the one before it'],
  [
    "no empty tensor inside another",
    file(`{"a":${info("U8", "[2]", "[0,2]")},"b":${info("U8", "[0]", "[1,1]")}}`, 2),
    'tensor "b": overlaps the one before it',
  ],
  ["nothing behind the last tensor", one("U8", "[1]", "[0,1]", 2), "bytes follow the last tensor"],
  ["no data without tensors", file("{}", 1), "bytes follow the last tensor; got 1"],
];

/** Files that break a rule. */
export const refused: readonly RefusedFile[] = refusedRows.map(
  ([rule, bytes, error, stricter]) => ({
    rule,
    bytes,
    error,
    ...(stricter !== undefined && { stricter }),
  }),
);

const acceptedRows: readonly (readonly [rule: string, bytes: Uint8Array])[] = [
  ["no tensors", file("{}")],
  ["padding of spaces", file("{}      ")],
  ["padding of other JSON white space", file("{} \t\r\n")],
  ["spaces inside", file(`{ "a" :\n\t${EMPTY}\r\n}`)],
  ["a header that does not align the data", one("F32", "[1]", "[0,4]", 4)],
  ["a scalar", one("F32", "[]", "[0,4]", 4)],
  ["an empty tensor", one("F32", "[2,0,3]", "[0,0]")],
  ["forty axes", one("U8", `[${Array.from({ length: 40 }, () => 1).join()}]`, "[0,1]", 1)],
  ["names in another order than the data", two("[2,4]", "[0,2]", 4)],
  [
    "an empty tensor where another starts",
    file(`{"a":${info("U8", "[2]", "[0,2]")},"e":${info("U8", "[0]", "[0,0]")}}`, 2),
  ],
  [
    "an empty tensor where another ends",
    file(`{"a":${info("U8", "[2]", "[0,2]")},"e":${info("U8", "[0]", "[2,2]")}}`, 2),
  ],
  ["two empty tensors in one place", named("a", "b")],
  [
    "tensors that are not aligned",
    file(`{"a":${info("U8", "[1]", "[0,1]")},"b":${info("F32", "[1]", "[1,5]")}}`, 5),
  ],
  ["fields in another order", file('{"a":{"data_offsets":[0,0],"shape":[0],"dtype":"U8"}}')],
  ["further fields", extra('"x":1,"y":"text","z":[1]')],
  ["further fields with numbers of any kind", extra('"x":[-1.5e3,0.0,-0]')],
  ["nesting of ninety levels", extra(nested(90))],
  ["a name without characters", named("")],
  ["names like those of JavaScript", named("__proto__", "constructor", "toString", "0", "-1")],
  ["names with escapes", named('\\"', "\\\\", "\\u0000", "\\n", "/")],
  ["a surrogate pair, escaped", named("\\ud83d\\ude00")],
  ["names beyond ASCII", named("\u00fc", "\uff5e", "\u{1f600}", "\uFEFF")],
  ["names that only normalisation equates", named("\u00e9", "e\u0301")],
  ["metadata of no texts", file('{"__metadata__":{}}')],
  [
    "metadata of texts",
    file('{"__metadata__":{"format":"pt","":"","__proto__":"\\ud83d\\ude00"}}'),
  ],
  ["metadata at the end", file(`{"a":${EMPTY},"__metadata__":{"format":"pt"}}`)],
  ["F4 in whole bytes", one("F4", "[4]", "[0,2]", 2)],
  ["F6_E3M2 in whole bytes", one("F6_E3M2", "[4]", "[0,3]", 3)],
  ...(
    ["BOOL", "U8", "I8", "F8_E5M2", "F8_E4M3", "F8_E8M0", "F8_E4M3FNUZ", "F8_E5M2FNUZ"] as const
  ).map((dtype) => [`dtype ${dtype}`, one(dtype, "[3]", "[0,3]", 3)] as const),
  ...(["I16", "U16", "F16", "BF16"] as const).map(
    (dtype) => [`dtype ${dtype}`, one(dtype, "[3]", "[0,6]", 6)] as const,
  ),
  ...(["I32", "U32", "F32"] as const).map(
    (dtype) => [`dtype ${dtype}`, one(dtype, "[3]", "[0,12]", 12)] as const,
  ),
  ...(["I64", "U64", "F64", "C64"] as const).map(
    (dtype) => [`dtype ${dtype}`, one(dtype, "[3]", "[0,24]", 24)] as const,
  ),
];

/** Files that keep all rules. */
export const accepted: readonly CorpusFile[] = acceptedRows.map(([rule, bytes]) => ({
  rule,
  bytes,
}));
