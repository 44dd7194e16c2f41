/**
 * @file Charts as SVG: a picture is one element without scripts, identifiers, style sheets or
 * external fonts, so that it stands alone as a file and many of them share an HTML page.
 *
 * From top to bottom: title, caption, legend, plot, label of x. The data are inset in the frame, so
 * that a point at the end of an axis is whole:
 *
 *   px = left + INSET + share(x) (width - 2 INSET)
 */

import { createScale, hasPlace, type Scale, type ScaleKind } from "./scale.ts";
import { drawSeries, type Place, type PlacedSeries, seriesLook, swatch } from "./series.ts";
import { cutText, textWidth, wrapText } from "./text-size.ts";
import { type Attribute, element, escapeText } from "./xml.ts";

export type Point = readonly [x: number, y: number];

export interface Series {
  readonly name: string;
  /** In the order of x; points that are not finite are gaps. */
  readonly points: readonly Point[];
  readonly kind: "line" | "dashed" | "marks";
  /** Low and high of y at each x, drawn as a translucent band (spread over seeds). */
  readonly band?: readonly (readonly [x: number, low: number, high: number])[];
}

export interface Chart {
  readonly title: string;
  readonly xLabel: string;
  readonly yLabel: string;
  /** Linear unless said otherwise. On log scales points that are not positive are left out. */
  readonly xScale?: ScaleKind;
  readonly yScale?: ScaleKind;
  readonly series: readonly Series[];
  /** A sentence under the title that says what to see. */
  readonly caption?: string;
}

/** What a chart is drawn with besides the colours of its series. */
export interface ChartColors {
  readonly paper: string;
  readonly ink: string;
  /** Of what is said on the side. */
  readonly quiet: string;
  readonly frame: string;
  readonly grid: string;
  /** Between the lines of the grid that have numbers. */
  readonly fineGrid: string;
}

/** For a picture that is a file of its own. */
const ON_PAPER: ChartColors = {
  paper: "#fff",
  ink: "#222",
  quiet: "#595959",
  frame: "#444",
  grid: "#dedede",
  fineGrid: "#f2f2f2",
};

/** The chart as a complete `<svg>` element. The same chart gives the same text everywhere. */
export function chartSvg(chart: Chart, colors: ChartColors = ON_PAPER): string {
  const x = fitX(chart);
  const y = createScale(valuesOf(chart, "y"), {
    kind: kindOf(chart, "y"),
    maxTicks: 9,
    round: true,
  });
  const left = Math.max(MIN_LEFT, Math.ceil(widestLabel(y)) + 40);
  const right = Math.max(PADDING, Math.ceil(widestLabel(x) / 2));
  const head = [...headLines(chart, colors), ...legendRows(chart, colors)];
  const top = head.reduce((sum, row) => sum + row.height, PADDING) + 8;
  const frame = { left, top, width: WIDTH - left - right, height: PLOT_HEIGHT };
  const height = top + PLOT_HEIGHT + 54;

  const placed = placeSeries(chart, { x, y, frame });
  return element(
    "svg",
    {
      xmlns: "http://www.w3.org/2000/svg",
      width: WIDTH,
      height,
      viewBox: `0 0 ${WIDTH} ${height}`,
      role: "img",
      "font-family": "Arial, Arimo, Helvetica, sans-serif",
      "font-size": TEXT,
      fill: colors.ink,
    },
    element("title", {}, escapeText(chart.title)),
    element("desc", {}, escapeText(describe(chart))),
    element("rect", { width: WIDTH, height, fill: colors.paper }),
    ...stack(head),
    axes(chart, { x, y, frame }, colors),
    ...drawSeries(placed, frame.width, colors),
    ...(placed.some(({ path }) => path.some((point) => point !== undefined))
      ? []
      : [
          text("no data", left + frame.width / 2, top + PLOT_HEIGHT / 2, {
            anchor: "middle",
            fill: colors.quiet,
          }),
        ]),
  );
}

const WIDTH = 720;
const PLOT_HEIGHT = 320;
const PADDING = 20;
const INSET = 8;
/** Room for the label and the ticks of y, at least. */
const MIN_LEFT = 64;
const TEXT = 13;
const TITLE = 18;

interface Frame {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

interface Plot {
  readonly x: Scale;
  readonly y: Scale;
  readonly frame: Frame;
}

/** A row above the plot, whose baseline is `y`. */
interface Row {
  readonly height: number;
  readonly draw: (y: number) => string;
}

const kindOf = ({ xScale = "linear", yScale = "linear" }: Chart, axis: "x" | "y"): ScaleKind =>
  axis === "x" ? xScale : yScale;

/** All numbers that an axis has to cover, of the points that have a place on both. */
function valuesOf(chart: Chart, axis: "x" | "y"): number[] {
  const hasX = (x: number) => hasPlace(x, kindOf(chart, "x"));
  const hasY = (y: number) => hasPlace(y, kindOf(chart, "y"));
  return chart.series.flatMap(({ points, band = [] }) => {
    const corners = band.flatMap(([x, low, high]): Point[] => [
      [x, low],
      [x, high],
    ]);
    return [...points, ...corners]
      .filter(([x, y]) => hasX(x) && hasY(y))
      .map(([x, y]) => (axis === "x" ? x : y));
  });
}

/** The x axis with as many ticks as have room for their labels. */
function fitX(chart: Chart): Scale {
  const values = valuesOf(chart, "x");
  const kind = kindOf(chart, "x");
  const scales = [9, 8, 7, 6, 5, 4, 3].map((maxTicks) =>
    createScale(values, { kind, maxTicks, round: false }),
  );
  const fits = (scale: Scale) =>
    scale.ticks.length * (widestLabel(scale) + 16) <= WIDTH - MIN_LEFT - PADDING;
  return scales.find(fits) ?? createScale(values, { kind, maxTicks: 3, round: false });
}

const widestLabel = ({ ticks }: Scale): number =>
  Math.max(0, ...ticks.map(({ label }) => textWidth(label, TEXT)));

const xPlace = ({ x, frame }: Plot, value: number): number =>
  frame.left + INSET + x.share(value) * (frame.width - 2 * INSET);

const yPlace = ({ y, frame }: Plot, value: number): number =>
  frame.top + frame.height - INSET - y.share(value) * (frame.height - 2 * INSET);

function placeSeries(chart: Chart, plot: Plot): PlacedSeries[] {
  const place = (x: number, y: number): Place | undefined =>
    hasPlace(x, kindOf(chart, "x")) && hasPlace(y, kindOf(chart, "y"))
      ? { x: xPlace(plot, x), y: yPlace(plot, y) }
      : undefined;
  return chart.series.map(({ kind, points, band = [] }) => ({
    kind,
    path: points.map(([x, y]) => place(x, y)),
    band: band.map(([x, low, high]) => {
      // A spread that reaches below zero ends at the bottom of a log axis.
      const bottom = low > 0 || kindOf(chart, "y") === "linear" ? low : plot.y.low;
      return { low: place(x, bottom), high: place(x, high) };
    }),
  }));
}

function axes(chart: Chart, plot: Plot, { fineGrid, grid, frame: edge }: ChartColors): string {
  const { x, y, frame } = plot;
  const { left, top, width, height } = frame;
  const bottom = top + height;
  const vertical = (value: number, stroke: string) =>
    line({ x: xPlace(plot, value), y: top }, { x: xPlace(plot, value), y: bottom }, stroke);
  const horizontal = (value: number, stroke: string) =>
    line({ x: left, y: yPlace(plot, value) }, { x: left + width, y: yPlace(plot, value) }, stroke);
  return element(
    "g",
    { "stroke-width": 1 },
    ...x.minor.map((value) => vertical(value, fineGrid)),
    ...y.minor.map((value) => horizontal(value, fineGrid)),
    ...x.ticks.map(({ value }) => vertical(value, grid)),
    ...y.ticks.map(({ value }) => horizontal(value, grid)),
    line({ x: left, y: bottom }, { x: left + width, y: bottom }, edge),
    line({ x: left, y: top }, { x: left, y: bottom }, edge),
    ...x.ticks.map(({ value, label }) =>
      text(label, xPlace(plot, value), bottom + 19, { anchor: "middle" }),
    ),
    ...y.ticks.map(({ value, label }) =>
      text(label, left - 8, yPlace(plot, value) + 4.5, { anchor: "end" }),
    ),
    text(cutText(chart.xLabel, TEXT, width), left + width / 2, bottom + 42, { anchor: "middle" }),
    element(
      "g",
      { transform: `translate(${PADDING} ${top + height / 2}) rotate(-90)` },
      text(cutText(chart.yLabel, TEXT, height), 0, 0, { anchor: "middle" }),
    ),
  );
}

function headLines({ title, caption = "" }: Chart, { quiet }: ChartColors): Row[] {
  const width = WIDTH - 2 * PADDING;
  // Bold letters are wider than the estimate by a tenth.
  const titles = wrapText(title, TITLE * 1.1, width).map((words): Row => ({
    height: 24,
    draw: (y) => text(words, PADDING, y - 6, { "font-size": TITLE, "font-weight": "bold" }),
  }));
  const captions = wrapText(caption, TEXT, width).map((words): Row => ({
    height: 18,
    draw: (y) => text(words, PADDING, y - 4, { fill: quiet }),
  }));
  return [...titles, ...captions];
}

/** Swatches and names, as many a row as fit. */
function legendRows(chart: Chart, colors: ChartColors): Row[] {
  const room = WIDTH - 2 * PADDING;
  const rows: { entries: string[]; x: number }[] = [];
  for (const [i, { name }] of chart.series.entries()) {
    const words = cutText(name, TEXT, room - SWATCH - 8);
    const width = SWATCH + 8 + textWidth(words, TEXT);
    const last = rows.at(-1);
    const row = last && last.x + width <= room ? last : { entries: [], x: 0 };
    if (row !== last) rows.push(row);
    row.entries.push(
      element(
        "g",
        { transform: `translate(${Math.round(row.x)} 0)` },
        swatch(seriesLook(chart.series, i), SWATCH, colors),
        text(words, SWATCH + 8, 4.5),
      ),
    );
    row.x += width + 24;
  }
  return rows.map(({ entries }, i) => ({
    height: i === 0 ? 30 : 21,
    draw: (y) => element("g", { transform: `translate(${PADDING} ${y - 10})` }, ...entries),
  }));
}

const SWATCH = 34;

function stack(rows: readonly Row[]): string[] {
  let y = PADDING;
  return rows.map(({ height, draw }) => {
    y += height;
    return draw(y);
  });
}

/** The chart in a sentence, for those who cannot see it. */
function describe(chart: Chart): string {
  const { caption = "", xLabel, yLabel, series } = chart;
  const logs = (["x", "y"] as const).filter((axis) => kindOf(chart, axis) === "log");
  const scales = logs.length > 0 ? ` Logarithmic scale of ${logs.join(" and ")}.` : "";
  const names = series.map(({ name }) => name).join("; ");
  return `${caption} ${yLabel} against ${xLabel}.${scales} ${names}`.trim();
}

function text(
  content: string,
  x: number,
  y: number,
  { anchor, ...others }: Readonly<Record<string, Attribute>> = {},
): string {
  return element("text", { x, y, "text-anchor": anchor, ...others }, escapeText(content));
}

const line = (from: Place, to: Place, stroke: string): string =>
  element("line", { x1: from.x, y1: from.y, x2: to.x, y2: to.y, stroke });
