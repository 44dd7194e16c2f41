/**
 * @file Curves in a terminal. A character cell holds 2 x 4 Braille dots (U+2800 plus a bit per dot),
 * so that a line has eight times the resolution of the text around it.
 */

import type { Point } from "../../lab/charts/chart.ts";
import { hasPlace, type ScaleKind } from "../../lab/charts/scale.ts";
import { formatCount, formatNumber } from "../terminal/format.ts";
import { textWidth, truncate } from "../terminal/layout.ts";
import { createStyle, type Style } from "../terminal/style.ts";

export type { Point } from "../../lab/charts/chart.ts";

export interface Curve {
  readonly name: string;
  /** In the order of x; points that have no place on the axes are gaps. */
  readonly points: readonly Point[];
  /** A line through the points, or a mark at each. */
  readonly kind: "line" | "dashed" | "marks";
}

export interface PlotOptions {
  /** Characters of a line, axis labels included. */
  readonly width: number;
  /** Lines of the plot area, without the axis. */
  readonly height: number;
  readonly color: boolean;
  /** What x counts. */
  readonly xLabel?: string;
  /** Linear unless said otherwise. */
  readonly xScale?: ScaleKind;
  readonly yScale?: ScaleKind;
}

/** In the order of the curves. */
const COLORS = ["cyan", "yellow", "green", "magenta", "blue", "red"] as const;
/** In the order of the curves that are marks. */
const MARKS = ["●", "■", "▲", "◆", "○", "□", "△", "◇"] as const;
/** Columns from a letter to the next on a line. */
const LETTERS_EVERY = 18;
/** The bit of a dot in a cell, by row and column. */
const DOTS = [
  [0x01, 0x08],
  [0x02, 0x10],
  [0x04, 0x20],
  [0x40, 0x80],
] as const;

/** A character of the plot, and the curve that it belongs to. */
interface Cell {
  dots: number;
  sign: string;
  curve: number;
}

/**
 * The curves as lines of text; none if there are fewer than two different x. Every curve has its
 * colour; marks differ in shape, and several lines carry letters, so that colour is not needed.
 */
export function plotCurves(curves: readonly Curve[], options: PlotOptions): string[] {
  const { width, height, color, xLabel = "", xScale = "linear", yScale = "linear" } = options;
  const drawn = curves.map(({ points, ...curve }) => ({
    ...curve,
    path: points.map(([x, y]): Point | undefined =>
      hasPlace(x, xScale) && hasPlace(y, yScale)
        ? [toAxis(x, xScale), toAxis(y, yScale)]
        : undefined,
    ),
  }));
  const points = drawn.flatMap(({ path }) => path.filter((point) => point !== undefined));
  const [left, right] = extent(points.map(([x]) => x));
  const [low, high] = yRange(points.map(([, y]) => y));
  if (!(right > left)) return [];

  const labels = Array.from({ length: height }, (_, row) => {
    if (!isLabelled(row, height)) return "";
    const y = high - ((high - low) * row) / (height - 1);
    return yScale === "log" ? formatNumber(10 ** y) : formatTick(y, low, high);
  });
  const margin = Math.max(...labels.map((label) => label.length)) + 1;
  const columns = Math.max(10, width - margin - 1);
  const grid = Array.from({ length: height }, () =>
    Array.from({ length: columns }, (): Cell => ({ dots: 0, sign: "", curve: 0 })),
  );
  const dotX = (x: number) => Math.round(((x - left) / (right - left)) * (columns * 2 - 1));
  // The labels of the first and last row stand for the middle of their cells.
  const dotY = (y: number) => Math.round(((high - y) / (high - low)) * (height - 1) * 4 + 1.5);
  const signs = signsOf(curves);

  for (const [i, { kind, path }] of drawn.entries()) {
    const dots = path.map((point): Point | undefined => point && [dotX(point[0]), dotY(point[1])]);
    const sign = { curve: i, text: signs[i] ?? "" };
    if (kind === "marks") {
      for (const dot of dots) if (dot) setSign(grid, dot, sign);
    } else {
      const line = [...pathDots(dots)].filter(([x]) => kind === "line" || (x >> 2) % 2 === 0);
      for (const dot of line) setDot(grid, dot, i);
      if (sign.text === "") continue;
      const shift = Math.round((LETTERS_EVERY * i) / curves.length);
      for (const dot of spaced(line, shift)) setSign(grid, dot, sign);
    }
  }

  const style = createStyle(color);
  const lines = grid.map((cells, row) => {
    const label = labels[row] ?? "";
    const text = cells.map(({ dots, sign, curve }) =>
      dots === 0 && sign === ""
        ? " "
        : paint(style, curve, sign === "" ? String.fromCodePoint(0x2800 + dots) : sign),
    );
    const axis = style.dim(label === "" ? "│" : "┤");
    return `${style.dim(label.padStart(margin - 1))} ${axis}${text.join("").trimEnd()}`;
  });
  const formatEnd = (x: number) => formatX(xScale === "log" ? 10 ** x : x, xScale);
  const from = formatEnd(left);
  const to = `${xLabel} ${formatEnd(right)}`.trim();
  const between = Math.max(1, columns - from.length - to.length);
  const start = " ".repeat(margin + 1);
  return [
    ...lines,
    style.dim(`${" ".repeat(margin)}└${"─".repeat(columns)}`),
    style.dim(`${start}${from}${" ".repeat(between)}${to}`),
    ...legend(curves, { style, width: columns }).map((text) => `${start}${text}`),
  ];
}

/**
 * Exponential mean of y with weight `decay` on the past, corrected for its start (Kingma & Ba,
 * 2015, section 3).
 */
export function smooth(points: readonly Point[], decay: number): Point[] {
  let sum = 0;
  let weight = 0;
  return points
    .filter(([x, y]) => Number.isFinite(x) && Number.isFinite(y))
    .map(([x, y]) => {
      sum = decay * sum + (1 - decay) * y;
      weight = decay * weight + (1 - decay);
      return [x, sum / weight] as const;
    });
}

/** Marks by shape, lines by letter; a line that is the only one needs none. */
function signsOf(curves: readonly Curve[]): string[] {
  const lines = curves.filter(({ kind }) => kind !== "marks").length;
  return curves.map(({ kind }, i) => {
    const before = curves
      .slice(0, i)
      .filter((other) => (other.kind === "marks") === (kind === "marks"));
    if (kind === "marks") return MARKS[before.length % MARKS.length] ?? "";
    return lines > 1 ? String.fromCodePoint(0x41 + (before.length % 26)) : "";
  });
}

/** The dots of the lines between neighbours, both ends included; undefined interrupts them. */
function* pathDots(path: readonly (Point | undefined)[]): Generator<Point> {
  for (const [i, point] of path.entries()) {
    if (!point) continue;
    const [x, y] = point;
    const [x0, y0] = path[i - 1] ?? point;
    const steps = Math.max(Math.abs(x - x0), Math.abs(y - y0), 1);
    for (let step = 0; step <= steps; step++) {
      const share = step / steps;
      yield [Math.round(x0 + (x - x0) * share), Math.round(y0 + (y - y0) * share)];
    }
  }
}

/** The first dot from `shift` columns on, and from every LETTERS_EVERY columns after. */
function spaced(dots: readonly Point[], shift: number): Point[] {
  let next = ((dots[0]?.[0] ?? 0) >> 1) + shift;
  return dots.filter(([x]) => {
    if (x >> 1 < next) return false;
    next = (x >> 1) + LETTERS_EVERY;
    return true;
  });
}

function setDot(grid: readonly (readonly Cell[])[], [x, y]: Point, curve: number): void {
  const cell = grid[y >> 2]?.[x >> 1];
  if (!cell) return;
  cell.dots |= DOTS[y & 3]?.[x & 1] ?? 0;
  if (cell.sign === "") cell.curve = curve;
}

function setSign(
  grid: readonly (readonly Cell[])[],
  [x, y]: Point,
  { curve, text }: { readonly curve: number; readonly text: string },
): void {
  const cell = grid[y >> 2]?.[x >> 1];
  if (cell) Object.assign(cell, { sign: text, curve });
}

const paint = (style: Style, curve: number, text: string): string =>
  style[COLORS[curve % COLORS.length] ?? "cyan"](text);

/** Signs and names, as many a line as fit. */
function legend(
  curves: readonly Curve[],
  { style, width }: { readonly style: Style; readonly width: number },
): string[] {
  const signs = signsOf(curves);
  const lines: { text: string; width: number }[] = [{ text: "", width: 0 }];
  for (const [i, { kind, name }] of curves.entries()) {
    const sample = { line: "⠤⠤", dashed: "⠤ ⠤", marks: "" }[kind];
    const sign = `${signs[i] ?? ""} ${sample}`.trim();
    const words = truncate(name, Math.max(8, width - textWidth(sign) - 1));
    const entry = {
      text: `${paint(style, i, sign)} ${words}`,
      width: textWidth(`${sign} ${words}`),
    };
    const last = lines.at(-1);
    if (last && last.width === 0) Object.assign(last, entry);
    else if (last && last.width + 3 + entry.width <= width) {
      last.text += `   ${entry.text}`;
      last.width += 3 + entry.width;
    } else lines.push(entry);
  }
  return lines.map(({ text }) => text);
}

/** About four labels, the first and the last row among them. */
function isLabelled(row: number, height: number): boolean {
  const every = Math.max(1, Math.round((height - 1) / 4));
  return row === height - 1 || (row % every === 0 && height - 1 - row >= every / 2);
}

function formatTick(value: number, low: number, high: number): string {
  const size = Math.max(Math.abs(low), Math.abs(high));
  if (size < 1e-3 || size >= 1e9) return value.toExponential(2);
  const decimals = Math.min(6, Math.max(0, Math.ceil(1 - Math.log10(high - low)) + 1));
  return value.toFixed(decimals);
}

const formatX = (x: number, kind: ScaleKind): string =>
  kind === "log" || !Number.isInteger(x) ? formatNumber(x) : formatCount(x);

const toAxis = (value: number, kind: ScaleKind): number =>
  kind === "log" ? Math.log10(value) : value;

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
