/** @file What rows are examples of, by their columns. */

import { option, UsageError } from "../../errors.ts";
import { excerpt } from "../bytes/lines.ts";
import type { PlacedRow, Row, RowKind } from "../formats/row.ts";
import { hasColumns, type Origin } from "./cells.ts";
import { hasMessages } from "./conversations.ts";
import { OTHER_PAIR_FORMS, PAIR_FORMS, type PairForm } from "./pairs.ts";

/** What a model that writes text learns from. */
export type ExampleKind = Exclude<RowKind, "labelled" | "preferences">;

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

/** The options that name the columns of a kind, and what is read from them. */
const NAMED: readonly (readonly [ExampleKind, readonly string[], string])[] = [
  ["pairs", ["sourceColumn", "targetColumn"], "pairs"],
  ["conversations", ["messagesColumn"], "the messages of conversations"],
  ["texts", ["textColumn"], "texts"],
];

/**
 * What a row is whose columns somebody named; undefined if nobody did.
 *
 * @throws {UsageError} if the row has not what is named.
 */
export function kindByName(
  { placed: { row, line }, origin }: { readonly placed: PlacedRow; readonly origin: Origin },
  named: NamedColumns,
): ExampleKind | undefined {
  const asked = NAMED.filter(([kind]) => named[kind] !== undefined);
  const found = asked.find(([kind]) => hasColumns(row, named[kind] ?? []));
  const [first] = asked;
  if (found || !first) return found?.[0];
  const [kind, options, what] = first;
  const columns = named[kind] ?? [];
  const missing = columns.findIndex((column) => !hasColumns(row, [column]));
  const where = `${origin.name}, ${origin.unit ?? "line"} ${line}`;
  const got = Object.keys(row).map(excerpt).join(", ") || "none";
  throw new UsageError(
    `${option(options[missing] ?? "")}: no column "${columns[missing]}" in ${where}; got ${got}`,
    { hint: `name the column that ${what} are read from, or leave the option out` },
  );
}

/** What a row is by its columns; undefined if none of them is known. */
export const kindOfRow = (row: Row | undefined): ExampleKind | undefined =>
  row && hasMessages(row)
    ? "conversations"
    : COLUMNS.find(([, columns]) => hasColumns(row, columns))?.[0];

/** What all rows are that can be of these kinds; undefined if their columns must tell. */
export function onlyKind(kinds: readonly RowKind[]): ExampleKind | undefined {
  const found = kinds.filter((kind) => kind !== "labelled" && kind !== "preferences");
  return found.length === 1 ? found[0] : undefined;
}
