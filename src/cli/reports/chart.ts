/** @file The charts of the laboratory in a terminal. Bands are not drawn: there is too little room. */

import type { Chart, Series } from "../../lab/charts/chart.ts";
import { hasPlace } from "../../lab/charts/scale.ts";
import { formatNumber } from "../terminal/format.ts";
import { truncate, wrap } from "../terminal/layout.ts";
import { plotCurves } from "./plot.ts";
import { createStyle } from "../terminal/style.ts";

export interface ChartOptions {
  /** Characters of a line. */
  readonly width: number;
  /** Lines of the plot area. */
  readonly height: number;
  readonly color: boolean;
}

/** Title, caption, plot and legend. Where no two x differ, the points are listed instead. */
export function chartLines(chart: Chart, { width, height, color }: ChartOptions): string[] {
  const { title, caption, xLabel, yLabel, xScale = "linear", yScale = "linear", series } = chart;
  const style = createStyle(color);
  const short = (text: string) => truncate(text, width);
  const xName = xScale === "log" ? `${xLabel} (log)` : xLabel;
  const yName = yScale === "log" ? `${yLabel} (log)` : yLabel;
  const plot = plotCurves(series, { width, height, color, xLabel: xName, xScale, yScale });
  return [
    ...wrap(title, width).map((text) => style.bold(short(text))),
    ...(caption ? wrap(caption, width).map((text) => style.dim(short(text))) : []),
    "",
    ...(plot.length > 0 ? [style.dim(short(yName)), ...plot] : listPoints(chart).map(short)),
  ];
}

/** "dense: loss 2.1 at step 500". */
function listPoints(chart: Chart): string[] {
  const { xLabel, yLabel, xScale = "linear", yScale = "linear", series } = chart;
  const lines = series.flatMap(({ name, points }: Series) =>
    points
      .filter(([x, y]) => hasPlace(x, xScale) && hasPlace(y, yScale))
      .map(([x, y]) => `${name}: ${yLabel} ${formatNumber(y)} at ${xLabel} ${formatNumber(x)}`),
  );
  return lines.length > 0 ? lines : ["no data"];
}
