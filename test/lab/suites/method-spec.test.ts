import { describe, expect, it } from "vitest";
import { UsageError } from "../../../src/errors.ts";
import { methodNames, parseMethod, parseMethods } from "../../../src/lab/suites/method-spec.ts";
import { OPTIONS } from "../../../src/options/option-table.ts";

describe("parseMethod", () => {
  it.each<[string, object]>([
    ["dense", { name: "dense", rank: undefined, options: {}, label: "Dense", slug: "dense" }],
    ["none", { name: "none", label: "None", slug: "none" }],
    ["flora:128", { name: "flora", rank: 128, label: "FLORA(128)", slug: "flora-128" }],
    [
      "flora:128@projection=orthonormal@resampleEvery=10",
      {
        rank: 128,
        options: { projection: "orthonormal", resampleEvery: 10 },
        label: "FLORA(128) projection=orthonormal resampleEvery=10",
        slug: "flora-128-projection-orthonormal-resampleEvery-10",
      },
    ],
    [
      "dense@learningRate=1e-3",
      { options: { learningRate: 1e-3 }, slug: "dense-learningRate-1e-3" },
    ],
    ["dense@recompute=none", { options: { recompute: "none" }, label: "Dense recompute=none" }],
    ["flora:4@compressEmbeddings=false", { options: { compressEmbeddings: false } }],
    ["flora:4@compressEmbeddings", { options: { compressEmbeddings: true } }],
    ["flora:4@exclude=h.*", { options: { exclude: ["h.*"] }, slug: "flora-4-exclude-h.-" }],
  ])("reads %s", (text, expected) => {
    expect(parseMethod(text)).toMatchObject({ text, ...expected });
  });

  it.each<[string, string, string | undefined]>([
    ["flara:8", 'methods: no such method; got "flara:8"', "did you mean flora?"],
    ["qwerty:8", 'methods: no such method; got "qwerty:8"', `methods: ${methodNames().join(", ")}`],
    ["flora", "methods: flora needs a rank; got flora", "for example flora:8"],
    ["flora@side=rows", "methods: flora needs a rank; got flora@side=rows", "for example flora:8"],
    ["dense:8", "methods: dense has no rank; got dense:8", undefined],
    ["none:1", "methods: none has no rank; got none:1", undefined],
    ["flora:0", "methods: a rank must be a whole number above 0; got flora:0", undefined],
    ["flora:1.5", "methods: a rank must be a whole number above 0; got flora:1.5", undefined],
    ["flora:8:9", "methods: a method has one rank; got flora:8:9", undefined],
    ["flora:8@ranj=3", "methods: ranj: no such option; got flora:8@ranj=3", "did you mean rank?"],
    [
      "flora:8@seed=3",
      "methods: seed: belongs to the comparison or before the @; got flora:8@seed=3",
      "write NAME:RANK@option=value",
    ],
    [
      "flora:8@projection",
      "methods: projection: needs a value; got flora:8@projection",
      "for example @projection=...",
    ],
    [
      "flora:8@side=top",
      'methods: side: must be one of smaller, larger, rows, columns, input, output; got "top"; in flora:8@side=top',
      undefined,
    ],
  ])("refuses %s", (text, message, hint) => {
    expect(() => parseMethod(text)).toThrow(
      expect.objectContaining({ message, hint, constructor: UsageError }),
    );
  });
});

describe("parseMethods", () => {
  it("keeps the order", () => {
    const labels = parseMethods("dense, flora:8,none").map(({ label }) => label);
    expect(labels).toEqual(["Dense", "FLORA(8)", "None"]);
  });

  it.each([
    ["", "methods: none; got an empty list"],
    ["flora:8,dense,flora:8", "methods: FLORA(8) is given twice; got flora:8"],
  ])("refuses %j", (list, message) => {
    expect(() => parseMethods(list)).toThrow(message);
  });
});

it("has every method of the training options, and none", () => {
  expect(methodNames().slice(1)).toEqual(OPTIONS["method"]?.choices);
  expect(methodNames()[0]).toBe("none");
});
