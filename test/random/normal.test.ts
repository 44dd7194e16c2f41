import { expect, it } from "vitest";
import { normalsOfWords } from "../../src/random/normal.ts";
import golden from "../golden/random.json" with { type: "json" };

/** PPND7 is good to 1 part in 10^7; rounding to float32 adds 2^-24. */
const TOLERANCE = 1e-7 + 2 ** -24;

const words = Uint32Array.from(golden.words);
const normals = (scale: number) => {
  const out = new Float32Array(words.length);
  normalsOfWords(words, out, scale, new Uint16Array(words.length));
  return out;
};

it.each([1, -0.125])("gives SciPy's quantiles, times a scale of %d", (scale) => {
  const errors = Array.from(normals(scale), (value, i) => {
    const expected = (golden.quantiles[i] ?? Number.NaN) * scale;
    return Math.abs(value - expected) / Math.abs(expected);
  });
  expect(Math.max(...errors)).toBeLessThan(TOLERANCE);
});

it("is odd and finite up to the last word", () => {
  const [first = 0] = normals(1);
  const last = normals(1)[golden.words.indexOf(0xffffffff)];
  expect(last).toBe(-first);
  expect(first).toBeCloseTo(-6.33, 2);
});
