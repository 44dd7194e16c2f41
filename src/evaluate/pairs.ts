/** @file What every metric demands of its lists: one reference for each hypothesis, and at least one pair. */

import { UsageError } from "../errors.ts";

/** @throws {UsageError} if the lists are empty or differ in length. */
export function checkPairs(
  metric: string,
  hypotheses: readonly string[],
  references: readonly string[],
): void {
  if (hypotheses.length !== references.length) {
    const got = `${hypotheses.length} and ${references.length}`;
    throw new UsageError(`${metric}: every hypothesis needs one reference; got ${got}`);
  }
  if (hypotheses.length === 0) {
    throw new UsageError(`${metric}: nothing to score; got 0 hypotheses`);
  }
}
