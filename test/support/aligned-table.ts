/** A table of Markdown whose columns are as wide as the formatter makes them. */

/**
 * @param lines - the head first, each with the same number of cells
 * @param right - columns that end on the right, from 0
 */
export function alignedTable(
  lines: readonly (readonly string[])[],
  right: readonly number[] = [],
): string {
  const [head = [], ...body] = lines;
  const widths = head.map((_, i) => Math.max(3, ...lines.map((line) => line[i]?.length ?? 0)));
  const pad = (cell: string, i: number) =>
    right.includes(i) ? cell.padStart(widths[i] ?? 0) : cell.padEnd(widths[i] ?? 0);
  const row = (cells: readonly string[]) => `| ${cells.map(pad).join(" | ")} |`;
  const rule = widths.map((n, i) => (right.includes(i) ? `${"-".repeat(n - 1)}:` : "-".repeat(n)));
  return [row(head), row(rule), ...body.map(row)].join("\n");
}
