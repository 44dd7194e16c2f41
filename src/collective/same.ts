/** @file That all ranks were given the same. */

import { UsageError } from "../errors.ts";
import type { Collective } from "./collective.ts";

/** What is compared, by its name in a sentence. */
export type Compared = Readonly<Record<string, Uint8Array | string>>;

/**
 * Compares texts and bytes of all ranks by their checksums.
 *
 * @throws {UsageError} with the rank that has something else than the first, on every rank.
 */
export function checkSame(
  collective: Collective,
  crc32: (bytes: Uint8Array) => number,
  compared: Compared,
): void {
  if (collective.size === 1) return;
  const encoder = new TextEncoder();
  const sums = Object.values(compared).map((each) =>
    crc32(typeof each === "string" ? encoder.encode(each) : each),
  );
  const all = collective.gather(sums);
  for (const [i, what] of Object.keys(compared).entries()) {
    const other = all.findIndex((own) => own[i] !== all[0]?.[i]);
    if (other < 0) continue;
    throw new UsageError(`ranks: all must have the same ${what}; got others on rank ${other}`);
  }
}
