import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { UsageError } from "../../src/errors.ts";
import { foldIn, type Key, randomKey } from "../../src/random/index.ts";
import golden from "../golden/random.json" with { type: "json" };

const root = randomKey(0);
const text = ({ high, low }: Key) => `${high} ${low}`;
const distinct = (keys: readonly Key[]) => new Set(keys.map(text)).size;
const NO_SAFE_INTEGERS = [0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53, -(2 ** 53)];

describe("randomKey", () => {
  it.each([
    [0, { high: 0, low: 0 }],
    [-1, { high: 0xffffffff, low: 0xffffffff }],
    [2 ** 32 + 5, { high: 1, low: 5 }],
    [Number.MAX_SAFE_INTEGER, { high: 0x1fffff, low: 0xffffffff }],
    [Number.MIN_SAFE_INTEGER, { high: 0xffe00000, low: 1 }],
  ])("of %d is its two's complement", (seed, key) => {
    expect(randomKey(seed)).toEqual(key);
  });

  it.each(NO_SAFE_INTEGERS)("refuses %d", (seed) => {
    expect(() => randomKey(seed)).toThrow(UsageError);
  });
});

describe("foldIn", () => {
  it("gives distinct keys for many names and integers", () => {
    const names = Array.from({ length: 20_000 }, (_, i) => `h.${i}.attn.c_attn.weight`);
    const padded = Array.from({ length: 40 }, (_, i) => "\0".repeat(i));
    const integers = Array.from({ length: 20_000 }, (_, i) => i - 10_000);
    const large = [2 ** 32, -(2 ** 32), 2 ** 40, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER];
    const all = [...names, ...padded, ...integers, ...large];
    expect(distinct(all.map((data) => foldIn(root, data)))).toBe(all.length);
  });

  it("gives distinct keys for any two data", () => {
    const data = fc.oneof(fc.string({ unit: "grapheme" }), fc.maxSafeInteger());
    fc.assert(
      fc.property(data, data, (a, b) => {
        fc.pre(!Object.is(a, b) && a !== b);
        expect(foldIn(root, a)).not.toEqual(foldIn(root, b));
      }),
    );
  });

  it("tells a string from an integer, and the order and grouping of names", () => {
    const paths = [["1"], [1], ["a", "b"], ["b", "a"], ["ab"], ["", "ab"], ["ab", ""], ["a", 1]];
    const keys = paths.map((path) => path.reduce<Key>(foldIn, root));
    expect(distinct([root, ...keys])).toBe(paths.length + 1);
  });

  it("depends on both words of the key", () => {
    const keys = [root, { high: 1, low: 0 }, { high: 0, low: 1 }].map((key) => foldIn(key, "w"));
    expect(distinct(keys)).toBe(3);
  });

  it("equals an implementation in NumPy", () => {
    const [high = 0, low = 0] = golden.key;
    const keys = golden.folded.map(({ data }) => Object.values(foldIn({ high, low }, data)));
    expect(keys).toEqual(golden.folded.map(({ key }) => key));
  });

  it.each(NO_SAFE_INTEGERS)("refuses %d", (data) => {
    expect(() => foldIn(root, data)).toThrow(UsageError);
  });
});
