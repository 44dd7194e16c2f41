/** @file What rows are examples of, by their columns. */

import type { Row, RowKind } from "../formats/row.ts";
import { hasColumns } from "./cells.ts";
import { hasMessages } from "./conversations.ts";
import { OTHER_PAIR_FORMS, PAIR_FORMS, type PairForm } from "./pairs.ts";

/** What a model that writes text learns from. */
export type ExampleKind = Exclude<RowKind, "labelled">;

type Told = readonly [kind: ExampleKind, columns: readonly string[]];

const asPairs = ({ columns }: PairForm): Told => ["pairs", columns];

/** Columns that tell what rows are, in the order in which they are looked for. */
const COLUMNS: readonly Told[] = [
  ...PAIR_FORMS.map(asPairs),
  ["texts", ["text"]],
  ...OTHER_PAIR_FORMS.map(asPairs),
];

/** Columns that somebody named. */
export type NamedColumns = {
  readonly [Kind in ExampleKind]?: readonly string[] | undefined;
};

/** What a row is, by the columns that are named before all others; undefined if no column of it is known. */
export function kindOfRow(
  row: Row | undefined,
  { pairs, conversations, texts }: NamedColumns = {},
): ExampleKind | undefined {
  const named: readonly Told[] = [
    ...(pairs ? [["pairs", pairs] as const] : []),
    ...(conversations ? [["conversations", conversations] as const] : []),
    ...(texts ? [["texts", texts] as const] : []),
  ];
  const isTold = ([, columns]: Told) => hasColumns(row, columns);
  const byName = named.find(isTold);
  if (byName) return byName[0];
  return row && hasMessages(row) ? "conversations" : COLUMNS.find(isTold)?.[0];
}

/** What all rows are that can be of these kinds; undefined if their columns must tell. */
export function onlyKind(kinds: readonly RowKind[]): ExampleKind | undefined {
  const found = kinds.filter((kind) => kind !== "labelled");
  return found.length === 1 ? found[0] : undefined;
}
