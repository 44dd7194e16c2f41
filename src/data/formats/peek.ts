/** @file The first row of a source, without losing it. */

import type { PlacedRow, RowSource } from "./row.ts";

export interface Peekable extends RowSource {
  /** The first row, which `rows` will have too; undefined if there is none. */
  first(): Promise<PlacedRow | undefined>;
}

export function peekable(source: RowSource): Peekable {
  let begun: AsyncIterator<PlacedRow> | undefined;
  let head: IteratorResult<PlacedRow> | undefined;
  return {
    ...source,
    async first() {
      begun ??= source.rows()[Symbol.asyncIterator]();
      head ??= await begun.next();
      return head.done ? undefined : head.value;
    },
    async share(place) {
      const share = await source.share?.(place);
      if (share) {
        await begun?.return?.();
        [begun, head] = [undefined, undefined];
      }
      return share;
    },
    async *rows() {
      const [iterator, first] = [begun, head];
      [begun, head] = [undefined, undefined];
      if (!iterator) return yield* source.rows();
      try {
        for (let next = first; next && !next.done; next = await iterator.next()) yield next.value;
      } finally {
        await iterator.return?.();
      }
    },
  };
}
