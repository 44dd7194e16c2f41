/**
 * @file Examples of several parts of the data, drawn from by weights as they are read, without end:
 *
 *   the next is of the part i whose credit c_i is highest;  c_j ← c_j + w_j / Σ w for all j,  then c_i ← c_i - 1
 *
 * After n examples a part has been drawn from n w_i / Σ w times, but for less than one for each part. A part that ends begins anew.
 */

import { endless } from "./blocks.ts";

/**
 * @param weights - of each part, above 0
 * @param pass - one pass over a part
 * @throws {UsageError} if there is nothing in a part.
 */
export async function* mixedPasses<E>(
  weights: readonly number[],
  pass: (part: number) => AsyncIterable<E>,
): AsyncGenerator<E, void, undefined> {
  const sum = weights.reduce((all, weight) => all + weight, 0);
  const parts = weights.map((weight, part) => ({
    share: weight / sum,
    credit: 0,
    reader: endless(() => pass(part)),
  }));
  try {
    for (;;) {
      for (const part of parts) part.credit += part.share;
      const next = parts.reduce((best, part) => (part.credit > best.credit ? part : best));
      next.credit -= 1;
      const { value } = await next.reader.next();
      if (value !== undefined) yield value;
    }
  } finally {
    for (const { reader } of parts) await reader.return();
  }
}
