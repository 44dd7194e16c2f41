/** @file The weight of a row: how much its tokens count in the loss beside those of others, 1 where nothing is said. */

import type { PlacedRow } from "../formats/row.ts";
import { type Origin, rowError, typeInWords } from "./cells.ts";

/** The column that it stands in. */
export const WEIGHT_COLUMN = "weight";

/** An example that may count more or less than others. */
export interface Weighted {
  /** At least 0, 1 if absent. Nothing is learned of an example of weight 0. */
  readonly weight?: number;
}

/**
 * What an example has of its row's weight: nothing where that is 1. Tables hold it as a text.
 *
 * @param read - the columns that the example itself is read from
 * @throws {FormatError} if it is no number at least 0.
 */
export function rowWeight(
  { row, line }: PlacedRow,
  origin: Origin,
  read: readonly string[] = [],
): Weighted {
  const cell = read.includes(WEIGHT_COLUMN) ? undefined : (row[WEIGHT_COLUMN] ?? undefined);
  if (cell === undefined || cell === "") return {};
  const weight = typeof cell === "string" ? Number(cell) : cell;
  const isWeight = typeof weight === "number" && Number.isFinite(weight) && weight >= 0;
  if (!isWeight) {
    const got = typeof cell === "string" || typeof cell === "number" ? cell : typeInWords(cell);
    const way = "rename the column if it means something else";
    throw rowError(origin, line, `"weight" must be a number at least 0; got ${got} (${way})`);
  }
  return weight === 1 ? {} : { weight };
}

/** Whether something is learned of an example. */
export const counts = ({ weight }: Weighted): boolean => weight !== 0;
