/** @file Many runs of one method as mean and standard deviation, and curves of several runs as one with a band. */

export interface Summary {
  readonly mean: number;
  /** Of the sample (n - 1); undefined for a single value. */
  readonly deviation: number | undefined;
  readonly count: number;
}

/** Mean and standard deviation; undefined without values. */
export function summarize(values: readonly (number | undefined)[]): Summary | undefined {
  const known = values.filter((value) => value !== undefined);
  const count = known.length;
  if (count === 0) return undefined;
  const mean = known.reduce((sum, value) => sum + value, 0) / count;
  const squares = known.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, deviation: count > 1 ? Math.sqrt(squares / (count - 1)) : undefined, count };
}

export interface CurvePoint {
  readonly x: number;
  readonly y: number;
}

export interface BandPoint extends CurvePoint {
  readonly low: number;
  readonly high: number;
}

/**
 * The mean curve, with one standard deviation to both sides, over positions that all curves have: the i-th points belong
 * together, and x is their mean too.
 */
export function meanCurve(curves: readonly (readonly CurvePoint[])[]): readonly BandPoint[] {
  const length = Math.min(...curves.map((curve) => curve.length));
  if (!Number.isFinite(length)) return [];
  return Array.from({ length }, (_, i) => {
    const points = curves.flatMap((curve) => curve.slice(i, i + 1));
    const x = summarize(points.map((point) => point.x))?.mean ?? 0;
    const y = summarize(points.map((point) => point.y));
    const mean = y?.mean ?? Number.NaN;
    const deviation = y?.deviation ?? 0;
    return { x, y: mean, low: mean - deviation, high: mean + deviation };
  });
}
