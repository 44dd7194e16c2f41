/**
 * @file Reports as one HTML file: no scripts, nothing from elsewhere, everything escaped. It reads on
 * a phone, in the dark and on paper, and looks as the page does that shows a run while it trains (page/style.css).
 */

import { type Chart, type ChartColors, chartSvg } from "./chart.ts";
import { element, escapeText } from "./xml.ts";

/** A table of texts. */
export interface Table {
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** A part of a report. */
export interface Section {
  readonly heading: string;
  readonly paragraphs: readonly string[];
  readonly table?: Table;
  readonly charts?: readonly Chart[];
  /** Shown as it is, in a font of equal widths. */
  readonly code?: string;
}

/** A page of text, tables and charts. */
export interface Report {
  readonly title: string;
  readonly intro: string;
  readonly sections: readonly Section[];
}

/** A complete HTML page. A section shows its paragraphs, charts, table and code, in this order. */
export function htmlReport({ title, intro, sections }: Report): string {
  const head = [
    '<meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    // Not even a mistake of ours can load anything.
    `<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">`,
    element("title", {}, escapeText(title)),
    `<style>${STYLE}</style>`,
  ];
  const body = [
    element("h1", {}, escapeText(title)),
    element("p", { class: "intro" }, escapeText(intro)),
    ...sections.map(sectionHtml),
  ];
  return [
    "<!doctype html>",
    '<html lang="en">',
    element("head", {}, `\n${head.join("\n")}\n`),
    element("body", {}, `\n${element("main", {}, `\n${body.join("\n")}\n`)}\n`),
    "</html>\n",
  ].join("\n");
}

function sectionHtml({ heading, paragraphs, table, charts = [], code }: Section): string {
  const parts = [
    element("h2", {}, escapeText(heading)),
    ...paragraphs.map((paragraph) => element("p", {}, escapeText(paragraph))),
    ...charts.map((chart) =>
      element("figure", { class: "wide", tabindex: "0" }, chartSvg(chart, OF_THE_PAGE)),
    ),
    ...(table ? [tableHtml(table)] : []),
    // The parser swallows a line break at the start of pre.
    ...(code === undefined
      ? []
      : [element("pre", {}, "\n", element("code", {}, escapeText(code)))]),
  ];
  return element("section", {}, `\n${parts.join("\n")}\n`);
}

function tableHtml({ head, rows }: Table): string {
  const isNumeric = head.map((_, column) => {
    const cells = rows.map((row) => row[column] ?? "").filter((cell) => cell !== "");
    return cells.length > 0 && cells.every((cell) => NUMBER.test(cell));
  });
  const line = (name: "th" | "td", cells: readonly string[]) =>
    element(
      "tr",
      {},
      ...cells.map((cell, column) =>
        element(
          name,
          {
            scope: name === "th" ? "col" : undefined,
            class: isNumeric[column] ? "number" : undefined,
          },
          escapeText(cell),
        ),
      ),
    );
  const table = element(
    "table",
    {},
    element("thead", {}, line("th", head)),
    element("tbody", {}, ...rows.map((row) => line("td", row))),
  );
  return element("div", { class: "wide", tabindex: "0" }, table);
}

/** "12", "−3.5", "1e-4", "2.31 ± 0.02", "85 MB", "3.1 %", "-": what is read from the right. */
const NUMBER =
  /^(?:[-–—]|[-−+]?\d[\d,.]*(?:e[-+]?\d+)?(?: ?± ?\d[\d,.]*)?(?: ?[\p{L}%×/]{1,8})?)$/u;

/** Charts in the colours of the style sheet, which are others in the dark. */
const OF_THE_PAGE: ChartColors = {
  paper: "var(--card)",
  ink: "var(--ink)",
  quiet: "var(--quiet)",
  frame: "var(--quiet)",
  grid: "var(--line)",
  fineGrid: "var(--faint)",
};

/** What is wide scrolls for itself, not the page. */
const STYLE = `
:root {
  color-scheme: light dark;
  --paper: #fbfbf8;
  --card: #ffffff;
  --ink: #1d1f21;
  --quiet: #5a5f64;
  --line: #dcdcd6;
  --faint: #f1f1ed;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #16181a;
    --card: #1e2124;
    --ink: #e6e6e3;
    --quiet: #a4a9ae;
    --line: #363b40;
    --faint: #282c30;
  }
}
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 76rem; padding: 1rem; background: var(--paper); color: var(--ink); font: 16px/1.45 system-ui, sans-serif; }
main { overflow-wrap: break-word; }
h1, h2, p, figure { margin: 0; }
h1 { font-size: 1.3rem; }
h2 { font-size: 1.15rem; }
p { max-width: 46rem; }
.intro { color: var(--quiet); }
section { display: grid; grid-template-columns: minmax(0, 1fr); gap: 1rem; margin-top: 1rem; padding: 1rem; background: var(--card); border: 1px solid var(--line); border-radius: 0.5rem; }
svg { display: block; width: 100%; min-width: 32rem; max-width: 720px; height: auto; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: 0.2rem 1.25rem 0.2rem 0; text-align: left; vertical-align: top; }
th { color: var(--quiet); font-weight: normal; }
.number { text-align: right; white-space: nowrap; }
pre { margin: 0; padding: 0.2rem 0.4rem; border: 1px solid var(--line); border-radius: 0.25rem; overflow-x: auto; font-size: 0.875rem; }
@media print {
  :root { --paper: #fff; --card: #fff; --ink: #000; --quiet: #444; --line: #bbb; --faint: #eee; color-scheme: light; }
  body { max-width: none; padding: 0; }
  section { border: 0; padding: 0; }
  svg { min-width: 0; }
  figure, tr, pre { break-inside: avoid; }
  h2 { break-after: avoid; }
  pre { white-space: pre-wrap; }
}
`;
