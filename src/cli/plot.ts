/**
 * @file Curves in a terminal. A character cell holds 2 x 4 Braille dots (U+2800 plus a bit per dot),
 * so that a line has eight times the resolution of the text around it.
 */

import { formatCount } from "./format.ts";
import { createStyle } from "./style.ts";

export type Point = readonly [x: number, y: number];

export interface Curve {
  readonly name: string;
  /** In the order of x. */
  readonly points: readonly Point[];
  /** A line through the points, or a mark at each. */
  readonly kind: "line" | "marks";
}

export interface PlotOptions {
  /** Characters of a line, axis labels included. */
  readonly width: number;
  /** Lines of the plot area, without the axis. */
  readonly height: number;
  readonly color: boolean;
  /** What x counts. */
  readonly xLabel?: string;
}

const MARK = "●";
/** The bit of a dot in a cell, by row and column. */
const DOTS = [
  [0x01, 0x08],
  [0x02, 0x10],
  [0x04, 0x20],
  [0x40, 0x80],
] as const;

/**
 * The curves as lines of text; none if there are fewer than two different x. Points that are not
 * finite are left out.
 */
export function plotCurves(curves: readonly Curve[], options: PlotOptions): string[] {
  const { width, height, color, xLabel = "" } = options;
  const drawn = curves.map((curve) => ({ ...curve, points: curve.points.filter(isFinitePoint) }));
  const points = drawn.flatMap((curve) => curve.points);
  const [left, right] = extent(points.map(([x]) => x));
  const [low, high] = yRange(points.map(([, y]) => y));
  if (!(right > left)) return [];

  const labels = Array.from({ length: height }, (_, row) =>
    isLabelled(row, height)
      ? formatTick(high - ((high - low) * row) / (height - 1), high - low)
      : "",
  );
  const margin = Math.max(...labels.map((label) => label.length)) + 1;
  const columns = Math.max(10, width - margin - 1);
  const grid = Array.from({ length: height }, () => Array.from({ length: columns }, () => 0));
  const marks = new Set<number>();
  const dotX = (x: number) => Math.round(((x - left) / (right - left)) * (columns * 2 - 1));
  // The labels of the first and last row stand for the middle of their cells.
  const dotY = (y: number) => Math.round(((high - y) / (high - low)) * (height - 1) * 4 + 1.5);

  for (const { kind, points: path } of drawn) {
    for (const [i, [x, y]] of path.entries()) {
      const [column, row] = [dotX(x), dotY(y)];
      if (kind === "marks") {
        marks.add((row >> 2) * columns + (column >> 1));
      } else {
        const [x0, y0] = path[i - 1] ?? [x, y];
        for (const [dx, dy] of lineDots(dotX(x0), dotY(y0), column, row)) setDot(grid, dx, dy);
      }
    }
  }

  const style = createStyle(color);
  const lines = grid.map((cells, row) => {
    const label = labels[row] ?? "";
    const text = cells.map((dots, column) => {
      if (marks.has(row * columns + column)) return style.yellow(MARK);
      return dots === 0 ? " " : style.cyan(String.fromCodePoint(0x2800 + dots));
    });
    const axis = style.dim(label === "" ? "│" : "┤");
    return `${style.dim(label.padStart(margin - 1))} ${axis}${text.join("").trimEnd()}`;
  });
  const from = formatCount(left);
  const to = `${xLabel} ${formatCount(right)}`.trim();
  const between = Math.max(1, columns - from.length - to.length);
  return [
    ...lines,
    style.dim(`${" ".repeat(margin)}└${"─".repeat(columns)}`),
    style.dim(`${" ".repeat(margin + 1)}${from}${" ".repeat(between)}${to}`),
    `${" ".repeat(margin + 1)}${drawn.map((curve) => legend(curve, style)).join("   ")}`,
  ];
}

/**
 * Exponential mean of y with weight `decay` on the past, corrected for its start (Kingma & Ba,
 * 2015, section 3).
 */
export function smooth(points: readonly Point[], decay: number): Point[] {
  let sum = 0;
  let weight = 0;
  return points.filter(isFinitePoint).map(([x, y]) => {
    sum = decay * sum + (1 - decay) * y;
    weight = decay * weight + (1 - decay);
    return [x, sum / weight] as const;
  });
}

/** The dots of a line, both ends included. */
function* lineDots(x0: number, y0: number, x1: number, y1: number): Generator<Point> {
  const steps = Math.max(Math.abs(x1 - x0), Math.abs(y1 - y0), 1);
  for (let step = 0; step <= steps; step++) {
    const share = step / steps;
    yield [Math.round(x0 + (x1 - x0) * share), Math.round(y0 + (y1 - y0) * share)];
  }
}

function setDot(grid: number[][], x: number, y: number): void {
  const cells = grid[y >> 2];
  const bit = DOTS[y & 3]?.[x & 1] ?? 0;
  if (cells && x >> 1 < cells.length) cells[x >> 1] = (cells[x >> 1] ?? 0) | bit;
}

/** About four labels, the first and the last row among them. */
function isLabelled(row: number, height: number): boolean {
  const every = Math.max(1, Math.round((height - 1) / 4));
  return row === height - 1 || (row % every === 0 && height - 1 - row >= every / 2);
}

function formatTick(value: number, range: number): string {
  const decimals = Math.min(6, Math.max(0, Math.ceil(1 - Math.log10(range)) + 1));
  return value.toFixed(decimals);
}

const legend = ({ kind, name }: Curve, style: ReturnType<typeof createStyle>): string =>
  kind === "marks" ? `${style.yellow(MARK)} ${name}` : `${style.cyan("⠤⠤")} ${name}`;

const isFinitePoint = ([x, y]: Point): boolean => Number.isFinite(x) && Number.isFinite(y);

const extent = (values: readonly number[]): Point =>
  values.reduce<Point>(
    ([min, max], value) => [Math.min(min, value), Math.max(max, value)],
    [Infinity, -Infinity],
  );

/** The extent of y; a flat curve lies in the middle. */
function yRange(values: readonly number[]): Point {
  const [low, high] = extent(values);
  if (high > low) return [low, high];
  const space = Math.max(Math.abs(low) * 0.1, 1e-3);
  return [low - space, high + space];
}
