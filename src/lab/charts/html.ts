/**
 * @file Reports as one HTML file: no scripts, nothing from elsewhere, everything escaped. It reads on
 * a phone, in the dark and on paper.
 */

import { type Chart, chartSvg } from "./chart.ts";
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
    ...charts.map((chart) => element("figure", { class: "wide", tabindex: "0" }, chartSvg(chart))),
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

/** What is wide scrolls for itself, not the page. */
const STYLE = `
:root { color-scheme: light dark; --ink: #1d1d1f; --paper: #fff; --soft: #5c5c61; --line: #dcdce0; --tint: #f5f5f7; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e8e8ea; --paper: #161618; --soft: #a4a4aa; --line: #3a3a3e; --tint: #222225; }
}
body { margin: 0; background: var(--paper); color: var(--ink); font: 1rem/1.55 system-ui, sans-serif; }
main { max-width: 58rem; margin: 0 auto; padding: 1.5rem 1rem 4rem; overflow-wrap: break-word; }
h1 { font-size: 1.75rem; line-height: 1.2; margin: 0.5rem 0; }
h2 { font-size: 1.25rem; line-height: 1.3; margin: 2.5rem 0 0.5rem; }
.intro { color: var(--soft); font-size: 1.1rem; }
svg { display: block; width: 100%; min-width: 32rem; max-width: 720px; height: auto; border-radius: 6px; }
.wide { overflow-x: auto; margin: 1.25rem 0; }
table { border-collapse: collapse; font-size: 0.925rem; font-variant-numeric: tabular-nums; }
th, td { padding: 0.35rem 1.25rem 0.35rem 0; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top; }
th { border-bottom: 2px solid var(--line); }
.number { text-align: right; white-space: nowrap; }
pre { background: var(--tint); border-radius: 6px; padding: 0.75rem 1rem; overflow-x: auto; font-size: 0.875rem; line-height: 1.45; }
@media print {
  :root { --ink: #000; --paper: #fff; --soft: #444; --line: #bbb; --tint: #f5f5f5; color-scheme: light; }
  main { max-width: none; padding: 0; }
  svg { min-width: 0; }
  figure, tr, pre { break-inside: avoid; }
  h2 { break-after: avoid; }
  pre { white-space: pre-wrap; }
}
`;
