/** @file A text and what a model should answer to it: a sentence and its translation, say. */

import type { Row } from "../formats/row.ts";
import { isBlank } from "../formats/lines.ts";
import { cellsOf, hasColumns, rowError } from "./cells.ts";
import type { ExampleReader } from "./reader.ts";

/** A text, and the answer to it that is learned. */
export interface SentencePair {
  readonly source: string;
  readonly target: string;
}

/** The names of two columns. */
export type PairColumns = readonly [source: string, target: string];

/** The columns that have pairs in them, the first that are there. */
export const PAIR_COLUMNS: readonly [PairColumns, ...PairColumns[]] = [
  ["source", "target"],
  ["prompt", "completion"],
];

/** Pairs of the columns of these names; of the usual names by default. Rows that are empty on both sides are left out. */
export const pairReader = (named: PairColumns = PAIR_COLUMNS[0]): ExampleReader<SentencePair> => ({
  what: "pairs",
  reader(origin, first) {
    const [sourceColumn = "", targetColumn = ""] =
      origin.ownColumns ?? columnsInUse(first.row, named);
    const columns = [{ name: sourceColumn }, { name: targetColumn }];
    return (placed) => {
      const [source = "", target = ""] = cellsOf(placed, columns, origin);
      if (isBlank(source) && isBlank(target)) return undefined;
      if (!isBlank(source) && !isBlank(target)) return { source, target };
      const side = isBlank(source) ? "source" : "target";
      throw rowError(origin, placed.line, `the ${side} is empty`);
    };
  },
});

/** The named columns, or those that stand for them where the usual ones are missing. */
function columnsInUse(first: Row, named: PairColumns): PairColumns {
  const [usual, ...others] = PAIR_COLUMNS;
  const isUsual = named.join() === usual.join();
  if (!isUsual || named.some((column) => hasColumns(first, [column]))) return named;
  return others.find((columns) => hasColumns(first, columns)) ?? named;
}
