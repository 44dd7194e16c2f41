import { expect, it } from "vitest";
import { normalsOfWords } from "../../src/random/normal.ts";
import golden from "../golden/random.json" with { type: "json" };

/** PPND7 is good to about 1 part in 10^7, 1.18e-7 at the worst word; float32 rounds by 2^-24. */
const TOLERANCE = 1.18e-7 + 2 ** -24;

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

it("is odd", () => {
  const values = normals(1);
  const mirrored = Array.from(words, (word) => values[words.indexOf(0xffffffff - word)]);
  expect(mirrored.filter((value) => value !== undefined).length).toBeGreaterThan(200);
  expect(mirrored.every((value, i) => value === undefined || -value === values[i])).toBe(true);
});
