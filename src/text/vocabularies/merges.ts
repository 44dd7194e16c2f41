/** @file Merges of byte pair encoding, applied to a word. */

/** Where a merge stands in the list, and the id of what it makes. */
export interface Merge {
  readonly rank: number;
  readonly id: number;
}

/** Merges by the ids of left and right. */
export type Merges = ReadonlyMap<number, ReadonlyMap<number, Merge>>;

/** Above it a word is long: then merges wait in a heap, for looking through all neighbours each time takes too long. */
const SHORT = 24;

/** The symbols with all merges applied: the first in the list first, of several the leftmost. */
export function applyMerges(symbols: readonly number[], merges: Merges): readonly number[] {
  return symbols.length <= SHORT ? inShort([...symbols], merges) : inLong([...symbols], merges);
}

function inShort(symbols: number[], merges: Merges): readonly number[] {
  for (;;) {
    let best: Merge | undefined;
    let place = 0;
    for (let i = 0; i + 1 < symbols.length; i++) {
      const merge = merges.get(symbols[i] ?? -1)?.get(symbols[i + 1] ?? -1);
      if (merge && (!best || merge.rank < best.rank)) {
        best = merge;
        place = i;
      }
    }
    if (!best) return symbols;
    symbols.splice(place, 2, best.id);
  }
}

/** A symbol is gone when it is -1; `next` and `previous` lead past those. */
function inLong(symbols: number[], merges: Merges): readonly number[] {
  const count = symbols.length;
  const next = Int32Array.from({ length: count }, (_, i) => i + 1);
  const previous = Int32Array.from({ length: count }, (_, i) => i - 1);
  const mergeAt = (place: number): Merge | undefined =>
    merges.get(symbols[place] ?? -1)?.get(symbols[next[place] ?? count] ?? -1);
  // The order of numbers is that of ranks, then of places.
  const heap: number[] = [];
  const wait = (place: number): void => {
    const merge = mergeAt(place);
    if (merge) push(heap, merge.rank * count + place);
  };
  for (let place = 0; place + 1 < count; place++) wait(place);

  for (let first = pop(heap); first !== undefined; first = pop(heap)) {
    const place = first % count;
    const merge = mergeAt(place);
    // What stood there when it began to wait may have been joined since.
    if (!merge || merge.rank * count + place !== first) continue;
    const right = next[place] ?? count;
    const after = next[right] ?? count;
    symbols[place] = merge.id;
    symbols[right] = -1;
    next[place] = after;
    if (after < count) previous[after] = place;
    wait(place);
    const before = previous[place] ?? -1;
    if (before >= 0) wait(before);
  }
  return symbols.filter((symbol) => symbol !== -1);
}

function push(heap: number[], value: number): void {
  let at = heap.push(value) - 1;
  while (at > 0) {
    const parent = (at - 1) >>> 1;
    const above = heap[parent] ?? 0;
    if (above <= value) break;
    heap[at] = above;
    at = parent;
  }
  heap[at] = value;
}

function pop(heap: number[]): number | undefined {
  const [least] = heap;
  const last = heap.pop();
  if (last === undefined || heap.length === 0) return least;
  let at = 0;
  for (let child = 1; child < heap.length; child = 2 * at + 1) {
    const other = heap[child + 1];
    if (other !== undefined && other < (heap[child] ?? 0)) child += 1;
    const below = heap[child] ?? 0;
    if (below >= last) break;
    heap[at] = below;
    at = child;
  }
  heap[at] = last;
  return least;
}
