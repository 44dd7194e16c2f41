/**
 * @file Pairs of symbols by frequency, for learning merges.
 *
 * A merge can make a known pair only rarer, and new pairs all contain the new symbol. So each pair
 * enters the heap once, when it is new, and a pair on top that has become rarer since is put back
 * with its present frequency.
 */

export interface Pair {
  readonly left: number;
  readonly right: number;
  /** Sequences that have or had the pair, each once. */
  readonly sequences: readonly number[];
}

export interface PairQueue {
  /** Counts occurrences of a pair in a sequence, or takes them away. */
  change(left: number, right: number, change: PairChange): void;
  /** Lets the pairs that are new since the last call take part. */
  enqueueNew(): void;
  /** Removes the most frequent pair; among equals that with the smaller left, then right symbol. */
  pop(): Pair | undefined;
}

export interface PairChange {
  readonly by: number;
  /** Index of the sequence. */
  readonly sequence: number;
}

interface Entry extends Pair {
  readonly sequences: number[];
  frequency: number;
  /** The frequency by which the heap orders it. */
  rank: number;
}

/** A pair that occurs less often is of no use. */
const LEAST_FREQUENCY = 2;
/** More than there are symbols. */
const BASE = 2 ** 21;

export function createPairQueue(): PairQueue {
  const entries = new Map<number, Entry>();
  let fresh: Entry[] = [];
  const heap: Entry[] = [];

  const enqueue = (entry: Entry): void => {
    if (entry.frequency < LEAST_FREQUENCY) return;
    entry.rank = entry.frequency;
    insert(heap, entry);
  };

  return {
    change(left, right, { by, sequence }) {
      const key = left * BASE + right;
      let entry = entries.get(key);
      if (entry === undefined) {
        entry = { left, right, sequences: [], frequency: 0, rank: 0 };
        entries.set(key, entry);
        fresh.push(entry);
      }
      entry.frequency += by;
      if (by > 0 && entry.sequences.at(-1) !== sequence) entry.sequences.push(sequence);
    },

    enqueueNew() {
      for (const entry of fresh) enqueue(entry);
      fresh = [];
    },

    pop() {
      for (;;) {
        const top = removeTop(heap);
        if (top === undefined || top.frequency === top.rank) return top;
        enqueue(top);
      }
    },
  };
}

/** Negative if `a` comes out before `b`. */
const compare = (a: Entry, b: Entry): number =>
  b.rank - a.rank || a.left - b.left || a.right - b.right;

/** Adds an entry to a binary heap. */
function insert(heap: Entry[], entry: Entry): void {
  let at = heap.length;
  while (at > 0) {
    const above = (at - 1) >> 1;
    const parent = heap[above];
    if (parent === undefined || compare(parent, entry) <= 0) break;
    heap[at] = parent;
    at = above;
  }
  heap[at] = entry;
}

function removeTop(heap: Entry[]): Entry | undefined {
  const [top] = heap;
  const last = heap.pop();
  if (last !== undefined && heap.length > 0) siftDown(heap, last);
  return top;
}

/** Puts an entry in the place of the top and moves it to its own. */
function siftDown(heap: Entry[], entry: Entry): void {
  let at = 0;
  for (;;) {
    const [first, second] = [heap[2 * at + 1], heap[2 * at + 2]];
    const isSecond = first !== undefined && second !== undefined && compare(second, first) < 0;
    const child = isSecond ? second : first;
    if (child === undefined || compare(entry, child) <= 0) break;
    heap[at] = child;
    at = 2 * at + (isSecond ? 2 : 1);
  }
  heap[at] = entry;
}
