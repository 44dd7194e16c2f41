import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { meanCurve, summarize } from "../../../src/lab/compare/aggregate.ts";

// From NumPy: test/golden/make_summary.py.
const golden = z
  .object({
    summaries: z.array(
      z.object({ values: z.array(z.number()), mean: z.number(), deviation: z.number().nullable() }),
    ),
    curve: z.object({
      curves: z.array(z.array(z.object({ x: z.number(), y: z.number() }))),
      x: z.array(z.number()),
      y: z.array(z.number()),
      low: z.array(z.number()),
      high: z.array(z.number()),
    }),
  })
  .parse(JSON.parse(readFileSync(new URL("../../golden/summary.json", import.meta.url), "utf8")));

describe("summarize", () => {
  it.each(golden.summaries)("is NumPy's mean and deviation of $values", (expected) => {
    const summary = summarize(expected.values);
    expect(summary?.mean).toBeCloseTo(expected.mean, 9);
    if (expected.deviation === null) expect(summary?.deviation).toBeUndefined();
    else expect(summary?.deviation).toBeCloseTo(expected.deviation, 9);
    expect(summary?.count).toBe(expected.values.length);
  });

  it("passes over what is not known", () => {
    expect(summarize([undefined, 2, undefined, 4])).toMatchObject({ mean: 3, count: 2 });
    expect(summarize([undefined])).toBeUndefined();
    expect(summarize([])).toBeUndefined();
  });
});

describe("meanCurve", () => {
  const { curves, x, y, low, high } = golden.curve;

  it("is NumPy's mean curve and band", () => {
    const points = meanCurve(curves);
    expect(points).toHaveLength(x.length);
    for (const [i, point] of points.entries()) {
      expect(point.x).toBeCloseTo(x[i] ?? NaN, 12);
      expect(point.y).toBeCloseTo(y[i] ?? NaN, 12);
      expect(point.low).toBeCloseTo(low[i] ?? NaN, 12);
      expect(point.high).toBeCloseTo(high[i] ?? NaN, 12);
    }
  });

  it("ends where the shortest curve ends", () => {
    expect(meanCurve([curves[0] ?? [], (curves[1] ?? []).slice(0, 2)])).toHaveLength(2);
    expect(meanCurve([])).toEqual([]);
  });

  it("has no width for a single curve", () => {
    for (const point of meanCurve(curves.slice(0, 1))) expect(point.low).toBe(point.high);
  });
});
