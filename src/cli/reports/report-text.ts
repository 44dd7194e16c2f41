/** @file A report as plain text: tables in columns, charts drawn with characters. */

import type { Report, Section, Table } from "../../lab/charts/html.ts";
import { chartLines } from "./chart.ts";
import { formatTable, indent, textWidth, wrap } from "../terminal/layout.ts";
import { createStyle } from "../terminal/style.ts";

export interface ReportTextOptions {
  readonly width: number;
  readonly color: boolean;
}

/** Of a chart; wider does not show more. */
const CHART_WIDTH = 100;
const CHART_HEIGHT = 14;

export function reportLines(
  { title, intro, sections }: Report,
  options: ReportTextOptions,
): readonly string[] {
  const { bold } = createStyle(options.color);
  return [
    bold(title),
    ...wrap(intro, options.width),
    ...sections.flatMap((section) => ["", ...sectionLines(section, options)]),
  ];
}

function sectionLines(
  { heading, paragraphs, table, charts = [], code }: Section,
  { width, color }: ReportTextOptions,
): readonly string[] {
  const { bold } = createStyle(color);
  const size = { width: Math.min(width, CHART_WIDTH), height: CHART_HEIGHT, color };
  return [
    bold(heading),
    ...(table ? ["", ...tableLines(table, width)] : []),
    ...paragraphs.flatMap((paragraph) => ["", ...wrap(paragraph, width)]),
    ...charts.flatMap((chart) => ["", ...chartLines(chart, size)]),
    ...(code === undefined ? [] : ["", ...indent([code])]),
  ];
}

/**
 * A table in lines of at most `width`, if that can be: where it is wider, columns are continued below, under the column that names
 * the rows.
 */
export function tableLines({ head, rows }: Table, width: number): readonly string[] {
  const all = [head, ...rows];
  const name = Math.max(0, head.indexOf("Method"));
  const widths = head.map((_, column) =>
    Math.max(...all.map((row) => textWidth(row[column] ?? ""))),
  );
  const blocks: number[][] = [];
  let room = 0;
  for (const [column, own] of widths.entries()) {
    if (column === name) continue;
    const block = blocks.at(-1);
    if (block && own + GAP <= room) {
      block.push(column);
    } else {
      blocks.push([column]);
      room = width - (widths[name] ?? 0);
    }
    room -= own + GAP;
  }
  if (blocks.length === 0) return formatTable(all);
  return blocks.flatMap((columns, i) => [
    ...(i > 0 ? [""] : []),
    ...formatTable(
      all.map((row) => [name, ...columns].map((column) => row[column] ?? "")),
      ["left", ...columns.map((column) => alignmentOf(rows, column))],
    ),
  ]);
}

const GAP = 2;

/** Numbers stand to the right, words to the left. */
const alignmentOf = (rows: readonly (readonly string[])[], column: number) =>
  rows.some((row) => /^[+-]?\d/.test(row[column] ?? "")) ? "right" : "left";
