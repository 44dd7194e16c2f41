/** @file The pictures of a comparison. */

import { meanCurve } from "./aggregate.ts";
import type { Chart, Point, Series } from "../charts/chart.ts";
import type { EvaluationPoint, MethodResult } from "./results.ts";
import type { ChartName } from "../suites/suites.ts";

const LOSS = "held-out loss (nats per token)";

const CHARTS: Readonly<Record<ChartName, (results: readonly MethodResult[]) => Chart>> = {
  steps: (results) => ({
    title: "Held-out loss during training",
    xLabel: "micro-batches",
    yLabel: LOSS,
    series: curves(results, ({ microBatches }) => microBatches),
    caption: caption(
      "Lower is better; every method has seen the same data at the same place.",
      results,
    ),
  }),
  seconds: (results) => ({
    title: "Held-out loss against time",
    xLabel: "seconds, evaluations included",
    yLabel: LOSS,
    series: curves(results, ({ seconds }) => seconds),
    caption: caption("What a method costs in time shows here.", results),
  }),
  state: (results) => ({
    title: "Final loss against training state",
    xLabel: "adapters, accumulators and optimizer state (MB)",
    yLabel: LOSS,
    xScale: "log",
    series: byMethod(results, ({ summaries }) => megabytes(summaries.stateBytes?.mean)),
    caption: "The lower left corner is best: little kept, little lost.",
  }),
  kappa: (results) => ({
    title: "Final loss against the interval between projections",
    xLabel: "resampleEvery (steps)",
    yLabel: LOSS,
    xScale: "log",
    series: byMethod(results, ({ options }) => options.resampleEvery ?? Number.NaN),
  }),
  rank: (results) => ({
    title: "Final loss against rank",
    xLabel: "rank",
    yLabel: LOSS,
    xScale: "log",
    series: [...byMethod(results, ({ rank }) => rank), ...references(results, ({ rank }) => rank)],
  }),
  memory: (results) => ({
    title: "Measured memory against the prediction",
    xLabel: "predicted peak (MB)",
    yLabel: "measured peak (MB)",
    series: [
      ...byMethod(
        results,
        ({ summaries }) => megabytes(summaries.predictedBytes?.mean),
        ({ summaries }) => megabytes(summaries.measuredBytes?.mean),
      ),
      diagonal(results),
    ],
    caption: "On the dashed line both are the same.",
  }),
};

/** The charts of these names that have something to show. */
export function comparisonCharts(
  names: readonly ChartName[],
  results: readonly MethodResult[],
): readonly Chart[] {
  return names
    .map((name) => CHARTS[name](results))
    .filter(({ series }) =>
      series.some(({ points, kind }) => kind !== "dashed" && points.length > 0),
    );
}

/** One curve a method: the mean over seeds, with a band where there are several. */
function curves(
  results: readonly MethodResult[],
  x: (point: EvaluationPoint) => number,
): readonly Series[] {
  return results.flatMap(({ label, runs }) => {
    const shown = runs.filter(({ status, curve }) => status !== "refused" && curve.length > 1);
    const finished = shown.filter(({ status }) => status === "finished");
    const used = finished.length > 0 ? finished : shown.slice(0, 1);
    const mean = meanCurve(used.map(({ curve }) => curve.map((p) => ({ x: x(p), y: p.loss }))));
    if (mean.length === 0) return [];
    const points = mean.map((point): Point => [point.x, point.y]);
    const band = mean.map((point) => [point.x, point.low, point.high] as const);
    return [{ name: label, kind: "line" as const, points, ...(used.length > 1 && { band }) }];
  });
}

const lossOf = ({ summaries }: MethodResult): number | undefined => summaries.loss?.mean;

/** One series for each name of a method: its ranks are the points of a line; without a rank, a mark. */
function byMethod(
  results: readonly MethodResult[],
  x: (result: MethodResult) => number | undefined,
  y: (result: MethodResult) => number | undefined = lossOf,
): readonly Series[] {
  const groups = new Map<string, Point[]>();
  for (const result of results) {
    const [a, b] = [x(result), y(result)];
    if (a === undefined || b === undefined || !Number.isFinite(a) || !Number.isFinite(b)) continue;
    const family = familyOf(result);
    groups.set(family, [...(groups.get(family) ?? []), [a, b]]);
  }
  return [...groups].map(([name, points]) => ({
    name,
    kind: points.length > 1 ? "line" : "marks",
    points: points.toSorted(([a], [b]) => a - b),
  }));
}

/** The label without its rank: "FLORA(8) side=larger" and "FLORA(32) side=larger" are one line. */
const familyOf = ({ label, options }: MethodResult): string =>
  options["resampleEvery"] === undefined
    ? label.replace(/\(\d+\)/, "")
    : label.replace(/\(\d+\)/, "").replace(/ resampleEvery=\d+/, "");

/** Methods without an x of their own, as dashed lines across those that have one. */
function references(
  results: readonly MethodResult[],
  x: (result: MethodResult) => number | undefined,
): readonly Series[] {
  const xs = results.flatMap((result) => (lossOf(result) === undefined ? [] : (x(result) ?? [])));
  if (xs.length === 0) return [];
  const ends = [Math.min(...xs), Math.max(...xs)];
  return results.flatMap((result) => {
    const loss = lossOf(result);
    if (x(result) !== undefined || loss === undefined) return [];
    const points = ends.map((end): Point => [end, loss]);
    return [{ name: result.label, kind: "dashed" as const, points }];
  });
}

function diagonal(results: readonly MethodResult[]): Series {
  const all = results.flatMap(({ summaries }) =>
    [summaries.predictedBytes, summaries.measuredBytes].flatMap((each) => each?.mean ?? []),
  );
  const ends = all.length === 0 ? [] : [Math.min(...all) / 1e6, Math.max(...all) / 1e6];
  return { name: "measured = predicted", kind: "dashed", points: ends.map((end) => [end, end]) };
}

const megabytes = (bytes: number | undefined): number | undefined =>
  bytes === undefined ? undefined : bytes / 1e6;

function caption(text: string, results: readonly MethodResult[]): string {
  const seeds = Math.max(1, ...results.map(({ runs }) => runs.length));
  return seeds > 1 ? `${text} Mean of ${seeds} seeds, one deviation as a band.` : text;
}
