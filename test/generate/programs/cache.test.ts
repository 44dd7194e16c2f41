/** The cache against lists of lists. */

import * as fc from "fast-check";
import { expect, it } from "vitest";
import { attentionCache } from "../../../src/generate/programs/cache.ts";

const WIDTHS = new Map([
  ["keys", 2],
  ["values", 3],
]);

/** Rows to append, or rows to go on with. */
const actions = fc.array(
  fc.oneof(
    fc.array(fc.nat(3), { minLength: 6, maxLength: 6 }).map((counts) => ({ counts })),
    fc.array(fc.nat(100), { minLength: 1, maxLength: 5 }).map((picks) => ({ picks })),
    fc.constant({ rotate: true }),
  ),
  { maxLength: 8 },
);

it("holds what was appended to each row, wherever the row came from", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 5 }), actions, (batch, steps) => {
      const cache = attentionCache(WIDTHS, batch);
      let expected = Array.from({ length: batch }, (): number[] => []);
      let next = 1;
      for (const step of steps) {
        if ("counts" in step) {
          const counts = expected.map((_, b) => step.counts[b] ?? 0);
          const length = Math.max(1, ...counts);
          cache.reserve(Math.max(...expected.map((row, b) => row.length + (counts[b] ?? 0))));
          const ids = expected.map(() => Array.from({ length }, () => next++));
          const fresh = [...WIDTHS].map(([name, width]) => {
            const rows = ids.flat().flatMap((id) => Array.from({ length: width }, () => id));
            return [name, Float32Array.from(rows)] as const;
          });
          cache.append(new Map(fresh), counts);
          expected = expected.map((row, b) => [
            ...row,
            ...(ids[b] ?? []).slice(length - (counts[b] ?? 0)),
          ]);
        } else {
          const size = expected.length;
          const rows =
            "picks" in step
              ? step.picks.map((pick) => pick % size)
              : expected.map((_, b) => (b + 1) % size);
          cache.select(rows);
          expected = rows.map((row) => expected[row] ?? []);
        }
        expect(cache.lengths).toEqual(expected.map(({ length }) => length));
        for (const [name, width] of WIDTHS) {
          const tensor = cache.tensors.get(name);
          expect(tensor?.shape).toEqual([expected.length, cache.capacity, width]);
          const held = expected.map((row, b) =>
            row.map((_, slot) =>
              Number(tensor?.data[(b * cache.capacity + slot) * width + width - 1]),
            ),
          );
          expect(held).toEqual(expected);
        }
      }
    }),
    { numRuns: 300 },
  );
});
