/** Ranks that take their turns in one process, and tell each other numbers. */

import { alone, type Collective } from "../../src/collective/index.ts";
import { type SharedTokens, sharedTokens } from "../../src/data/index.ts";

const WAITS = new Error("what the others say is not known yet");

/**
 * What a program returns on each rank. It begins anew until all that it gets from the others is known, since a rank that waits cannot be left
 * within a call; so it must do the same each time.
 */
export async function asRanks<T>(
  size: number,
  program: (ranks: Collective) => Promise<T> | T,
): Promise<readonly T[]> {
  /** By call, then by rank. */
  const told: (readonly number[])[][] = [];
  for (;;) {
    const results: T[] = [];
    const known = told.length;
    for (let rank = 0; rank < size; rank += 1) {
      let calls = 0;
      const gather = (numbers: readonly number[]) => {
        const call = (told[calls] ??= []);
        call[rank] = numbers;
        calls += 1;
        if (call.filter(Boolean).length < size) throw WAITS;
        // As many numbers on each, or the library writes where it must not.
        if (call.some(({ length }) => length !== numbers.length)) throw new Error("other lengths");
        return call;
      };
      try {
        results.push(await program({ ...alone, rank, size, gather }));
      } catch (error) {
        if (error !== WAITS) throw error;
      }
    }
    if (results.length === size) return results;
    if (told.length === known && told.at(-1)?.filter(Boolean).length !== size) {
      throw new Error("ranks wait for each other for ever");
    }
  }
}

/** Tokens in stretches of unequal lengths, which ranks have in turn. */
export function dealtTokens(ranks: Collective, all: Int32Array): SharedTokens {
  const length = Math.max(1, Math.floor(all.length / (2 * ranks.size + 1)));
  const count = Math.ceil(all.length / length);
  return sharedTokens(
    ranks,
    Array.from({ length: count }, (_, i) => {
      const ids = all.subarray(i * length, (i + 1) * length);
      const owner = i % ranks.size;
      return { owner, length: ids.length, ids: owner === ranks.rank ? ids : undefined };
    }),
  );
}
