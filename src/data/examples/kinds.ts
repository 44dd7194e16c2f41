/** @file What rows are examples of, by their columns. */

import type { Row, RowKind } from "../formats/row.ts";
import { hasColumns } from "./cells.ts";
import { hasMessages } from "./conversations.ts";
import { PAIR_COLUMNS } from "./pairs.ts";

/** What a model that writes text learns from. */
export type ExampleKind = Exclude<RowKind, "labelled">;

/** Columns that tell what rows are, in the order in which they are looked for. */
const COLUMNS: readonly (readonly [kind: ExampleKind, columns: readonly string[]])[] = [
  ...PAIR_COLUMNS.map((columns) => ["pairs", columns] as const),
  ["texts", ["text"]],
];

/** What a row is; undefined if no column of it is known. */
export function kindOfRow(row: Row | undefined): ExampleKind | undefined {
  if (row && hasMessages(row)) return "conversations";
  return COLUMNS.find(([, columns]) => hasColumns(row, columns))?.[0];
}

/** What all rows are that can be of these kinds; undefined if their columns must tell. */
export function onlyKind(kinds: readonly RowKind[]): ExampleKind | undefined {
  const found = kinds.filter((kind) => kind !== "labelled");
  return found.length === 1 ? found[0] : undefined;
}
