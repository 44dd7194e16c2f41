/** @file Texts, or pairs of texts, with the classes that they belong to, from a TSV or JSONL file. */

import { FormatError, UsageError } from "../../errors.ts";
import { isBlank, readJsonLines, readLines } from "./jsonl.ts";
import { detectFormat } from "./source.ts";
import { jsonRows, tsvRows } from "./table.ts";

/** A text, or two, and the name of the class. */
export interface LabelledText {
  readonly text: string;
  /** The second text, where pairs are classified. */
  readonly pair?: string;
  readonly label: string;
}

/** Columns by name; of a TSV file without a header line by number, from 1 on. */
export interface LabelledColumns {
  readonly text: string;
  readonly pair?: string | undefined;
  readonly label: string;
}

/**
 * The texts of a file, in order.
 *
 * @throws {UsageError} if it has another format, or lacks a column.
 * @throws {FormatError} with the line, if a line cannot be read, or a cell is empty.
 */
export async function readLabelledTexts(
  path: string,
  { text, pair, label }: LabelledColumns,
): Promise<LabelledText[]> {
  const format = detectFormat([path]);
  if (format !== "tsv" && format !== "jsonl") {
    throw new UsageError(`data: texts with labels are read from .tsv or .jsonl files; got ${path}`);
  }
  const columns = [
    { name: text },
    { name: label, isScalar: true },
    ...(pair === undefined ? [] : [{ name: pair }]),
  ];
  const rows =
    format === "tsv"
      ? tsvRows(path, await readLines(path), columns)
      : jsonRows(path, await readJsonLines(path), columns);
  const texts = rows.map(({ line, cells }): LabelledText => {
    const empty = columns.find((_, i) => isBlank(cells[i] ?? ""));
    if (empty) {
      const message = `line ${line}: the column "${empty.name}" is empty`;
      throw new FormatError(path, message, { offset: line });
    }
    const [first = "", of = "", second] = cells;
    return { text: first, label: of, ...(second !== undefined && { pair: second }) };
  });
  if (texts.length === 0) throw new FormatError(path, "there are no texts in it");
  return texts;
}

/**
 * The labels that occur, each once: numbers by their value, words by their code units.
 *
 * @throws {UsageError} if there are fewer than two, or as many as if they were no labels.
 */
export function labelsOf(texts: readonly Pick<LabelledText, "label">[]): readonly string[] {
  const labels = [...new Set(texts.map(({ label }) => label))];
  if (labels.length < 2) {
    throw new UsageError(`labels: at least two are needed; got ${labels.join() || "none"}`);
  }
  if (labels.length > MOST_LABELS && labels.length > texts.length / 2) {
    throw new UsageError(
      `labels: most texts have one of their own; got ${labels.length} of ${texts.length} texts`,
      { hint: "name the column of the labels: --label-column NAME, or its number" },
    );
  }
  const areNumbers = labels.every((label) => /^-?\d+$/.test(label));
  return areNumbers ? labels.toSorted((a, b) => Number(a) - Number(b)) : labels.toSorted();
}

/** So few labels are no mistake, however few the texts are. */
const MOST_LABELS = 20;
