/** @file From rows to examples: all of a source, each made by a pure function of its row. */

import { FormatError } from "../../errors.ts";
import type { PlacedRow, RowSource } from "../formats/row.ts";

/** The example of a row; undefined if the row is to be left out. Pure. */
export type RowReader<E> = (placed: PlacedRow) => E | undefined;

/** How rows become examples of one kind. */
export interface ExampleReader<E> {
  /** In the plural, for messages. */
  readonly what: string;
  /** How all rows are read, which the first may decide. */
  reader(source: RowSource, first: PlacedRow): RowReader<E>;
}

/**
 * The examples of a source, in order.
 *
 * @throws {UsageError} if columns are missing.
 * @throws {FormatError} if a row is no example, or there is none.
 */
export async function readExamples<E>(
  source: RowSource,
  { what, reader }: ExampleReader<E>,
): Promise<readonly E[]> {
  const examples: E[] = [];
  let read: RowReader<E> | undefined;
  for await (const placed of source.rows()) {
    read ??= reader(source, placed);
    const example = read(placed);
    if (example !== undefined) examples.push(example);
  }
  if (examples.length === 0) throw new FormatError(source.name, `there are no ${what} in it`);
  return examples;
}
