/**
 * @file Text in columns. Widths count code points, which is right for all that flora prints
 * itself.
 */

export type Alignment = "left" | "right";

const GAP = "  ";

/**
 * Rows as aligned lines, without spaces at their ends.
 *
 * @param alignments - of the columns; "left" for those that are not named
 */
export function formatTable(
  rows: readonly (readonly string[])[],
  alignments: readonly Alignment[] = [],
): string[] {
  const columns = Math.max(0, ...rows.map((row) => row.length));
  const widths = Array.from({ length: columns }, (_, column) =>
    Math.max(...rows.map((row) => textWidth(row[column] ?? ""))),
  );
  return rows.map((row) =>
    widths
      .map((width, column) => align(row[column] ?? "", width, alignments[column] ?? "left"))
      .join(GAP)
      .trimEnd(),
  );
}

/**
 * Two blocks of lines next to each other, or below each other where the width does not allow it.
 */
export function sideBySide(
  left: readonly string[],
  right: readonly string[],
  { width, gap = 6 }: { readonly width: number; readonly gap?: number },
): string[] {
  const start = Math.max(0, ...left.map(textWidth)) + gap;
  const end = start + Math.max(0, ...right.map(textWidth));
  if (end > width) return [...left, "", ...right];
  const length = Math.max(left.length, right.length);
  return Array.from({ length }, (_, i) =>
    `${(left[i] ?? "").padEnd(start)}${right[i] ?? ""}`.trimEnd(),
  );
}

/** Lines of at most `width`, broken between words. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && textWidth(line) + 1 + textWidth(word) > width) {
      lines.push(line);
      line = word;
    } else {
      line = line === "" ? word : `${line} ${word}`;
    }
  }
  return [...lines, line];
}

export const indent = (lines: readonly string[], by = "  "): string[] =>
  lines.map((line) => (line === "" ? "" : by + line));

/** The first `width` characters, the last of them an ellipsis if there were more. */
export function truncate(text: string, width: number): string {
  const characters = Array.from(text);
  if (characters.length <= width) return text;
  return `${characters.slice(0, Math.max(0, width - 1)).join("")}…`;
}

/** The same, of which the end is kept. */
export function truncateStart(text: string, width: number): string {
  const characters = Array.from(text);
  if (characters.length <= width) return text;
  return `…${characters.slice(-Math.max(0, width - 1)).join("")}`;
}

export const textWidth = (text: string): number => Array.from(text).length;

const align = (text: string, width: number, alignment: Alignment): string => {
  const space = " ".repeat(width - textWidth(text));
  return alignment === "left" ? text + space : space + text;
};
