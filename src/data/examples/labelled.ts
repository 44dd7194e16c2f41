/** @file Texts, or pairs of texts, with the classes that they belong to. */

import { option, UsageError } from "../../errors.ts";
import { isBlank } from "../bytes/lines.ts";
import { cellsOf, rowError } from "./cells.ts";
import type { ExampleReader } from "./reader.ts";
import { rowWeight, type Weighted } from "./row-weight.ts";

/** A text, or a pair of texts, and its class. */
export interface LabelledText extends Weighted {
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

/** The names in the order in which the cells are read. */
export const labelledNames = ({ text, pair, label }: LabelledColumns): readonly string[] => [
  text,
  label,
  ...(pair === undefined ? [] : [pair]),
];

/** Texts with labels, none of them empty. Rows of which all cells are empty are left out. */
export function labelledReader(names: LabelledColumns): ExampleReader<LabelledText> {
  const read = labelledNames(names);
  const columns = read.map((name) => ({ name, isScalar: name === names.label }));
  return {
    what: "texts",
    columns: () => `${[names.text, names.pair].filter(Boolean).join(", ")} -> ${names.label}`,
    reader: (origin) => (placed) => {
      const cells = cellsOf(placed, columns, origin);
      if (cells.every(isBlank)) return undefined;
      const empty = columns.find((_, i) => isBlank(cells[i] ?? ""));
      if (empty) throw rowError(origin, placed.line, `the column "${empty.name}" is empty`);
      const [text = "", label = "", pair] = cells;
      return {
        text,
        label,
        ...(pair !== undefined && { pair }),
        ...rowWeight(placed, origin, read),
      };
    },
  };
}

/**
 * The labels that occur, each once: numbers by their value, words by their code units.
 *
 * @param texts - how many there are, where labels that occur often are not all given
 * @throws {UsageError} if there are fewer than two, or as many as if they were no labels.
 */
export function labelsOf(
  found: readonly string[],
  texts: number = found.length,
): readonly string[] {
  const labels = [...new Set(found)];
  if (labels.length < 2) {
    throw new UsageError(`labels: at least two are needed; got ${labels.join() || "none"}`);
  }
  if (labels.length > MOST_LABELS && labels.length > texts / 2) {
    throw new UsageError(
      `labels: most texts have one of their own; got ${labels.length} of ${texts} texts`,
      { hint: `name the column of the labels: ${option("labelColumn", "NAME")}, or its number` },
    );
  }
  const areNumbers = labels.every((label) => /^-?\d+$/.test(label));
  return areNumbers ? labels.toSorted((a, b) => Number(a) - Number(b)) : labels.toSorted();
}

/** So few labels are no mistake, however few the texts are. */
const MOST_LABELS = 20;
