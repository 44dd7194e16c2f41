/**
 * @file Tokens of texts, one after another, that ranks have between them: each keeps those that it has encoded, and all know who has which.
 * Whatever is read of them is read by all ranks together.
 */

import { alone, type Collective, gathered } from "../../collective/index.ts";

/** From where up to where. */
export type TokenRange = readonly [start: number, end: number];

/** Tokens that a rank has. */
export interface Stretch {
  readonly owner: number;
  readonly length: number;
  /** Undefined on the other ranks. */
  readonly ids: Int32Array | undefined;
}

/** A stream of tokens, int32. Every rank calls the same functions in the same order. */
export interface SharedTokens {
  readonly length: number;
  /** Of what it consists, in order. */
  readonly stretches: readonly Stretch[];
  /** The tokens of some ranges, on all ranks; views where this one has them. */
  read(ranges: readonly TokenRange[]): readonly Int32Array[];
  /** A number of the tokens of each range, on all ranks; it is asked of those who have them. */
  told(ranges: readonly TokenRange[], say: (ids: Int32Array) => number): readonly number[];
  /** Where a token stands. */
  placesOf(id: number): readonly number[];
  /** Ranges one after another; nothing is copied. */
  select(ranges: readonly TokenRange[]): SharedTokens;
}

/** Tokens that this process has for itself. */
export const ownTokens = (ids: Int32Array): SharedTokens =>
  sharedTokens(alone, [{ owner: 0, length: ids.length, ids }]);

/** A stream that consists of stretches. */
export function sharedTokens(ranks: Collective, given: readonly Stretch[]): SharedTokens {
  const stretches = given.filter(({ length }) => length > 0);
  const starts: number[] = [];
  let length = 0;
  for (const stretch of stretches) {
    starts.push(length);
    length += stretch.length;
  }

  /** What a range consists of. */
  function within([start, end]: TokenRange): readonly Stretch[] {
    const found: Stretch[] = [];
    for (let i = lastAtMost(starts, start); i < stretches.length; i += 1) {
      const [stretch, first] = [stretches[i], starts[i] ?? 0];
      if (!stretch || first >= end) break;
      const from = Math.max(0, start - first);
      const to = Math.min(stretch.length, end - first);
      if (from >= to) continue;
      const { ids, owner } = stretch;
      found.push({ owner, length: to - from, ids: ids?.subarray(from, to) });
    }
    return found;
  }

  function read(ranges: readonly TokenRange[]): readonly Int32Array[] {
    const all = ranges.map(within);
    const own = all.flat().flatMap(({ ids }) => (ids ? [ids] : []));
    const numbers =
      ranks.size === 1
        ? []
        : gathered(
            ranks,
            own.flatMap((ids) => [...ids]),
          );
    const places = numbers.map(() => 0);
    return all.map((parts) =>
      joined(
        parts.map(({ owner, length: count, ids }) => {
          const place = places[owner] ?? 0;
          places[owner] = place + count;
          return ids ?? Int32Array.from(numbers[owner]?.slice(place, place + count) ?? []);
        }),
      ),
    );
  }

  return {
    length,
    stretches,
    read,
    told(ranges, say) {
      const owners = ranges.map((range) => ownerOf(within(range)));
      const own = ranges.filter((_, i) => owners[i] === ranks.rank);
      const said = gathered(
        ranks,
        own.map((range) => say(joined(within(range).flatMap(({ ids }) => ids ?? [])))),
      );
      const between = read(ranges.filter((_, i) => owners[i] === undefined)).map(say);
      const places = said.map(() => 0);
      let place = 0;
      return owners.map((owner) => {
        if (owner === undefined) return between[place++] ?? 0;
        const at = places[owner] ?? 0;
        places[owner] = at + 1;
        return said[owner]?.[at] ?? 0;
      });
    },
    placesOf(id) {
      const own = stretches.flatMap(({ ids }, i) => {
        const places: number[] = [];
        for (let at = ids?.indexOf(id) ?? -1; at >= 0; at = ids?.indexOf(id, at + 1) ?? -1) {
          places.push((starts[i] ?? 0) + at);
        }
        return places;
      });
      return gathered(ranks, own)
        .flat()
        .toSorted((a, b) => a - b);
    },
    select: (ranges) => sharedTokens(ranks, oneAfterAnother(ranges).flatMap(within)),
  };
}

/** Ranges, of which those that meet are one. */
function oneAfterAnother(ranges: readonly TokenRange[]): readonly TokenRange[] {
  const all: TokenRange[] = [];
  for (const [start, end] of ranges) {
    const last = all.at(-1);
    if (last?.[1] === start) all[all.length - 1] = [last[0], end];
    else all.push([start, end]);
  }
  return all;
}

/** The rank that has all parts; undefined if there are several. */
function ownerOf(parts: readonly Stretch[]): number | undefined {
  const [first, ...others] = new Set(parts.map(({ owner }) => owner));
  return others.length === 0 ? first : undefined;
}

/** The index of the last of ascending numbers that is at most `limit`; 0 if none is. */
function lastAtMost(numbers: readonly number[], limit: number): number {
  let [low, high] = [0, numbers.length];
  while (high - low > 1) {
    const middle = (low + high) >>> 1;
    if ((numbers[middle] ?? 0) <= limit) low = middle;
    else high = middle;
  }
  return low;
}

/** Tokens one after another; a view of them where they are one part. */
function joined(parts: readonly Int32Array[]): Int32Array {
  const [first, ...others] = parts;
  if (first && others.length === 0) return first;
  const all = new Int32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let offset = 0;
  for (const part of parts) {
    all.set(part, offset);
    offset += part.length;
  }
  return all;
}
