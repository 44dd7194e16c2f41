/** @file A report as Markdown. */

import type { Report, Section, Table } from "./html.ts";

/**
 * The report as text; charts stand as links to files.
 *
 * @param chartPath - the file of the chart with this title
 */
export function markdownReport(
  { title, intro, sections }: Report,
  chartPath: (title: string) => string,
): string {
  const parts = sections.flatMap((section) => sectionParts(section, chartPath));
  return `${[`# ${title}`, escape(intro), ...parts].join("\n\n")}\n`;
}

function sectionParts(
  { heading, paragraphs, table, charts = [], code }: Section,
  chartPath: (title: string) => string,
): readonly string[] {
  return [
    `## ${heading}`,
    ...(table ? [markdownTable(table)] : []),
    ...paragraphs.map(escape),
    ...charts.map(({ title }) => `![${escape(title)}](${chartPath(title)})`),
    ...(code === undefined ? [] : [`    ${code.replaceAll("\n", "\n    ")}`]),
  ];
}

/** A table with a line of dashes below its head; bars and line breaks in cells are escaped. */
export function markdownTable({ head, rows }: Table): string {
  const line = (cells: readonly string[]) => `| ${cells.map(cellText).join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}

const cellText = (text: string): string => escape(text).replaceAll("\n", " ");

/** What Markdown would read as its own. */
const escape = (text: string): string => text.replaceAll(/[\\`*_|<>[\]]/g, String.raw`\$&`);
