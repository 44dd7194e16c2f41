import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  createScale,
  formatTick,
  hasPlace,
  type ScaleKind,
} from "../../../src/lab/charts/scale.ts";

const scaleOf = (values: readonly number[], kind: ScaleKind, maxTicks: number, round = true) =>
  createScale(values, { kind, maxTicks, round });
const labelsOf = (...given: Parameters<typeof scaleOf>) =>
  scaleOf(...given).ticks.map(({ label }) => label);

describe("ticks", () => {
  it.each([
    // Covering the range.
    { values: [0, 1], kind: "linear", max: 6, labels: "0.0 0.2 0.4 0.6 0.8 1.0" },
    { values: [0, 1], kind: "linear", max: 5, labels: "0.0 0.5 1.0" },
    { values: [2.06, 5.04], kind: "linear", max: 9, labels: "2.0 2.5 3.0 3.5 4.0 4.5 5.0 5.5" },
    { values: [-3, 12], kind: "linear", max: 5, labels: "−5 0 5 10 15" },
    { values: [0, 45_000], kind: "linear", max: 6, labels: "0 10,000 20,000 30,000 40,000 50,000" },
    { values: [0, 3e7], kind: "linear", max: 4, labels: "0 10⁷ 2×10⁷ 3×10⁷" },
    { values: [0, 4.1e-5], kind: "linear", max: 6, labels: "0 10⁻⁵ 2×10⁻⁵ 3×10⁻⁵ 4×10⁻⁵ 5×10⁻⁵" },
    {
      values: [12_345_600, 12_345_700],
      kind: "linear",
      max: 3,
      labels: "12,345,600 12,345,650 12,345,700",
    },
    // A constant in the middle; nothing at all.
    { values: [3], kind: "linear", max: 4, labels: "2.5 3.0 3.5" },
    { values: [0, 0], kind: "linear", max: 3, labels: "−1 0 1" },
    { values: [], kind: "linear", max: 3, labels: "0.0 0.5 1.0" },
    { values: [Number.NaN, 1, 2, Infinity], kind: "linear", max: 3, labels: "1.0 1.5 2.0" },
    // Logarithmic.
    { values: [1, 1000], kind: "log", max: 5, labels: "1 10 100 1,000" },
    { values: [1e-5, 1e-2], kind: "log", max: 4, labels: "10⁻⁵ 10⁻⁴ 10⁻³ 10⁻²" },
    { values: [1e-5, 1e-3], kind: "log", max: 5, labels: "10⁻⁵ 3×10⁻⁵ 10⁻⁴ 3×10⁻⁴ 10⁻³" },
    { values: [2, 10], kind: "log", max: 7, labels: "2 3 5 7 10" },
    { values: [1, 512], kind: "log", max: 9, round: false, labels: "1 2 5 10 20 50 100 200 500" },
    { values: [2.1, 2.9], kind: "log", max: 6, round: false, labels: "2.2 2.4 2.6 2.8" },
    { values: [1e-30, 1e30], kind: "log", max: 4, labels: "10⁻²⁰ 10⁰ 10²⁰" },
    { values: [-1, 0, 1, 100], kind: "log", max: 3, labels: "1 10 100" },
    { values: [], kind: "log", max: 3, labels: "1 3 10" },
  ] as const)(
    "of $values ($kind, at most $max): $labels",
    ({ values, kind, max, labels, ...more }) => {
      const round = "round" in more ? more.round : true;
      expect(labelsOf(values, kind, max, round).join(" ")).toBe(labels);
    },
  );

  const sizes = fc.double({ min: 1e-12, max: 1e12, noNaN: true });
  const signed = fc
    .tuple(sizes, fc.boolean())
    .map(([size, isNegative]) => (isNegative ? -size : size));
  const cases = fc.record({
    kind: fc.constantFrom<ScaleKind>("linear", "log"),
    values: fc.array(signed, { minLength: 2, maxLength: 5 }),
    maxTicks: fc.integer({ min: 3, max: 12 }),
    round: fc.boolean(),
  });
  const mantissaOf = (value: number) => Number(Math.abs(value).toExponential(9).split("e")[0]);

  it("are ascending, few, within the range and have labels of their own", () => {
    fc.assert(
      fc.property(cases, ({ values, ...options }) => {
        const { ticks, low, high } = createScale(values, options);
        const labels = new Set(ticks.map(({ label }) => label));
        const space = 1e-8 * Math.max(high - low, 0);
        expect(ticks.length).toBeLessThanOrEqual(options.maxTicks);
        expect(ticks.length).toBeGreaterThanOrEqual(1);
        expect(labels.size).toBe(ticks.length);
        for (const [i, { value }] of ticks.entries()) {
          expect(value).toBeGreaterThanOrEqual(low - space - Math.abs(low) * 1e-8);
          expect(value).toBeLessThanOrEqual(high + space + Math.abs(high) * 1e-8);
          if (i > 0) expect(value).toBeGreaterThan(ticks[i - 1]?.value ?? 0);
        }
      }),
      { numRuns: 500 },
    );
  });

  it("are 1, 2 or 5 times a power of ten apart on a linear axis, and cover a rounded one", () => {
    fc.assert(
      fc.property(cases, ({ values, maxTicks }) => {
        const { ticks, low, high } = scaleOf(values, "linear", maxTicks);
        fc.pre(high - low > 1e-6 * Math.max(-low, high));
        const space = (high - low) * 1e-8;
        expect(Math.abs((ticks[0]?.value ?? 0) - low)).toBeLessThan(space);
        expect(Math.abs((ticks.at(-1)?.value ?? 0) - high)).toBeLessThan(space);
        expect(low).toBeLessThanOrEqual(Math.min(...values));
        expect(high).toBeGreaterThanOrEqual(Math.max(...values));
        for (const [i, { value }] of ticks.slice(1).entries()) {
          const step = mantissaOf(value - (ticks[i]?.value ?? 0));
          const isNice = [1, 2, 5, 10].some((nice) => Math.abs(step - nice) < 1e-4);
          expect(isNice).toBe(true);
        }
      }),
      { numRuns: 500 },
    );
  });

  it("are places of the minor grid no more", () => {
    const { ticks, minor } = scaleOf([1, 100], "log", 3);
    expect(ticks.map(({ value }) => value)).toEqual([1, 10, 100]);
    expect(minor).toEqual([2, 3, 4, 5, 6, 7, 8, 9, 20, 30, 40, 50, 60, 70, 80, 90]);
  });
});

describe("a share", () => {
  it.each([
    { values: [0, 10], kind: "linear", value: 2.5, share: 0.25 },
    { values: [-10, 10], kind: "linear", value: 0, share: 0.5 },
    { values: [7], kind: "linear", value: 7, share: 0.5 },
    { values: [1, 10_000], kind: "log", value: 10, share: 0.25 },
    { values: [1e-4, 1], kind: "log", value: 0.01, share: 0.5 },
    { values: [5], kind: "log", value: 5, share: 0.5 },
    { values: [-1e90, 1e90], kind: "linear", value: 0, share: 0.5 },
    { values: [1e-90, 1e90], kind: "log", value: 1, share: 0.5 },
    // Its tenth rounds to 0.
    { values: [1e-323], kind: "linear", value: 1e-323, share: 0.5 },
    // One number and rounding errors.
    { values: [0.3, 0.1 + 0.2], kind: "linear", value: 0.3, share: 0.5 },
  ] as const)("of $value in $values ($kind) is $share", ({ values, kind, value, share }) => {
    expect(scaleOf(values, kind, 5, false).share(value)).toBeCloseTo(share, 12);
  });

  it("of every value is between 0 and 1, however large or small", () => {
    const wide = fc.double({ min: -1e90, max: 1e90, noNaN: true });
    fc.assert(
      fc.property(
        fc.array(wide),
        fc.constantFrom<ScaleKind>("linear", "log"),
        fc.boolean(),
        (values, kind, round) => {
          const { share, ticks } = scaleOf(values, kind, 7, round);
          for (const value of values.filter((one) => hasPlace(one, kind))) {
            expect(share(value)).toBeGreaterThanOrEqual(-1e-9);
            expect(share(value)).toBeLessThanOrEqual(1 + 1e-9);
          }
          expect(ticks.every(({ value }) => Number.isFinite(value))).toBe(true);
        },
      ),
      { numRuns: 500 },
    );
  });
});

it.each([
  [0, "linear", true],
  [-5, "linear", true],
  [Number.NaN, "linear", false],
  [-Infinity, "linear", false],
  [1e91, "linear", false],
  [0, "log", false],
  [-5, "log", false],
  [1e-91, "log", false],
  [1e-3, "log", true],
] as const)("%d has a place on a %s axis: %s", (value, kind, expected) => {
  expect(hasPlace(value, kind)).toBe(expected);
});

it.each([
  [-1234.5, -1, false, "−1,234.5"],
  [1_234_567, 0, false, "1,234,567"],
  [0.25, -2, false, "0.25"],
  [1.5e-7, -8, true, "1.5×10⁻⁷"],
  [-1e12, 12, true, "−10¹²"],
  [0, -5, true, "0"],
])("labels %d at 10^%d (scientific: %s) as %s", (value, exponent, scientific, label) => {
  expect(formatTick(value, exponent, scientific)).toBe(label);
});
