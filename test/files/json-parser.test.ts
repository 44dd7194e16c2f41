import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FormatError } from "../../src/errors.ts";
import { describeJson } from "../../src/files/json.ts";
import { parseJson } from "../../src/files/json-parser.ts";

const parse = (text: string): unknown => parseJson("file", "JSON", text);

describe("parseJson", () => {
  it("agrees with JSON.parse on every value", () => {
    fc.assert(
      fc.property(fc.json(), fc.constantFrom(0, 2), (text, indent) => {
        const value: unknown = JSON.parse(text);
        expect(parse(JSON.stringify(value, null, indent))).toEqual(value);
      }),
    );
  });

  it("accepts and rejects the texts that JSON.parse does", () => {
    const character = fc.constantFrom(...'{}[]:,"\\truefalsn0123.-+eE \n\tu'.split(""));
    fc.assert(
      fc.property(fc.string({ unit: character, maxLength: 8 }), (text) => {
        expect(attempt(() => parse(text))).toEqual(attempt(() => JSON.parse(text)));
      }),
      { numRuns: 5000 },
    );
  });

  it("keeps a key named __proto__ as a key", () => {
    expect(Object.entries(parseJson("file", "JSON", '{"__proto__": 1}') ?? {})).toEqual([
      ["__proto__", 1],
    ]);
  });

  it.each([
    ['{"a": 1, "a": 2}', 'line 1, column 10: key "a" appears twice'],
    ['{"a": 1, "\\u0061": 2}', 'line 1, column 10: key "a" appears twice'],
    ['{"a": {"b": 1,\n "b": 1}}', 'line 2, column 2: key "b" appears twice'],
    ['{\n  "a": 1,\n}', 'line 3, column 1: expected a string; got "}"'],
    ['{\n  "a" 1}', 'line 2, column 7: expected ":"; got "1"'],
    ["[1,\n\n2", 'line 3, column 2: expected "," or "]"; got the end'],
    ['{"a": 1', 'line 1, column 8: expected "," or "}"; got the end'],
    ["", "line 1, column 1: expected a value; got the end"],
    ["NaN", 'line 1, column 1: expected a value; got "N"'],
    ["01", 'line 1, column 2: expected the end; got "1"'],
    ["{} {}", 'line 1, column 4: expected the end; got "{"'],
    ['"abc', "line 1, column 1: string does not end"],
    ['"abc\\', "line 1, column 1: string does not end"],
    ['"\\x"', "line 1, column 1: string holds an escape"],
    ['"a\nb"', "line 1, column 1: string holds an escape or control character"],
    ['"a\\ud83d"', "line 1, column 1: string holds half a surrogate pair"],
    ['{"\\ude00\\ud83d": 1}', "line 1, column 2: string holds half a surrogate pair"],
    ["[".repeat(1_000_000), "nested deeper than 100 levels"],
  ])("refuses %j", (text, message) => {
    expect(() => parse(text)).toThrow(FormatError);
    expect(() => parse(text)).toThrow(message);
  });

  it("joins the halves of a surrogate pair", () => {
    expect(parse('"\\ud83d\\ude00"')).toBe("\u{1f600}");
  });

  it("leaves it to the caller what a number is", () => {
    const read = (readNumber: (literal: string) => string | undefined): unknown =>
      parseJson("file", "JSON", '[1.50, {"a": -0}, 1e400, "2"]', { readNumber });
    expect(read((literal) => literal)).toEqual(["1.50", { a: "-0" }, "1e400", "2"]);
    expect(() => read((literal) => (literal === "-0" ? undefined : literal))).toThrow(
      "line 1, column 14: number is out of range",
    );
  });

  it("gives the line as offset", () => {
    expect(() => parse("{\n\n!")).toThrow(expect.objectContaining({ offset: 3, path: "file" }));
  });
});

describe("describeJson", () => {
  it.each([
    [undefined, "nothing"],
    [null, "null"],
    [1.5, "1.5"],
    ["a\n", '"a\\n"'],
    [[1, 2], "an array of 2"],
    [{ a: 1 }, "an object"],
    ["x".repeat(1000), `"${"x".repeat(56)}...`],
  ])("describes %j", (value, text) => {
    expect(describeJson(value)).toBe(text);
  });
});

/** The value, boxed; undefined if `f` throws. */
function attempt(f: () => unknown): { value: unknown } | undefined {
  try {
    return { value: f() };
  } catch {
    return undefined;
  }
}
