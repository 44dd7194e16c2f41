/**
 * @file Sums over ranks in the order of the ranks. Each rank adds up a part of all numbers, and gives the sums to the others:
 *
 *   all to all    rank i sends part j to rank j, and gets part i of all           n (N - 1) / N numbers
 *   sum           ((x₀ + x₁) + x₂) + ... in float32
 *   all gather    each rank sends its sums to all                                 n (N - 1) / N numbers
 *
 * These are the bytes of a ring's all-reduce (Patarasuk & Yuan, 2009), whose order is that of the ring. Numbers go in pieces, of which
 * several are under way: whoever asks for them between other work moves them on.
 */

import type { UnderWay } from "./collective.ts";

/** What the ranks can send each other; blocks of a number of elements that all of them know. Arrays belong to it until all is there. */
export interface Links {
  readonly rank: number;
  readonly size: number;
  /** Block j of `sent` goes to rank j, and block i of `received` comes from rank i; both [size, block]. */
  allToAll(sent: Float32Array, received: Float32Array, block: number): Exchange;
  /** A block goes to all; `received` is [size, block]. */
  allGather(sent: Float32Array, received: Float32Array, block: number): Exchange;
}

/** Something that is on its way. All ranks begin those of one kind in the same order. */
export interface Exchange {
  /** Moves it on, and says whether all is there; not asked again after that. */
  test(): boolean;
  /** Waits until all is there, which it is then asked for. */
  wait(): void;
}

/** 16 MB: few calls, and little memory beside the arrays. */
const PIECE = 2 ** 22;
/** Pieces that are under way, in two arrays each: what a stage of 3 B numbers leaves is moved while the next one runs. */
const AT_ONCE = 4;

/** A piece of the numbers that are added up. */
interface Piece {
  /** Goes from one exchange to the next. */
  readonly steps: Generator<Exchange, void, undefined>;
  /** What it waits for; undefined before it has begun. */
  exchange?: Exchange;
  /** Exchanges that it has begun, one more at its end. */
  begun: number;
}

/** Exchanges of a piece, and its end. */
const STEPS = 3;

/**
 * Adds up arrays, which have the same lengths on all ranks, in place.
 *
 * @param piece - numbers that are exchanged at a time; each has links of its own
 */
export function summedInOrder(
  size: number,
  piece: number = PIECE,
): (linksOf: (piece: number) => Links, arrays: readonly Float32Array[]) => UnderWay {
  const most = Math.ceil(piece / size);
  const free: Room[] = [];
  const queue: Piece[] = [];

  /**
   * Moves pieces on that need not wait. None overtakes the one before it, so that exchanges of a kind have one order, whichever of them
   * is there first.
   */
  function progress(): void {
    let before = STEPS;
    for (const each of queue.slice(0, AT_ONCE)) {
      while (each.begun < before && (each.exchange?.test() ?? true)) {
        const { value } = each.steps.next();
        each.begun += 1;
        if (!value) break;
        each.exchange = value;
      }
      before = each.begun;
    }
    while (queue[0]?.begun === STEPS) queue.shift();
  }

  return (linksOf, arrays) => {
    const total = arrays.reduce((sum, { length }) => sum + length, 0);
    const block = Math.min(most, Math.ceil(total / size));
    const walk = walkOver(arrays);
    let last: Piece | undefined;
    for (let i = 0; i * size * block < total; i++) {
      const count = Math.min(size * block, total - i * size * block);
      last = { steps: sumOf(linksOf(i), walk.next(count), { count, free }), begun: 0 };
      queue.push(last);
    }
    const isDone = () => last === undefined || last.begun === STEPS;
    progress();
    return {
      progress,
      wait() {
        while (!isDone()) {
          queue[0]?.exchange?.wait();
          progress();
        }
      },
    };
  };
}

/** Two arrays that a piece has for itself. */
interface Room {
  readonly own: Float32Array;
  readonly theirs: Float32Array;
}

/** Adds up a piece; what it yields has ended when it goes on. */
function* sumOf(
  links: Links,
  place: Place,
  { count, free }: { readonly count: number; readonly free: Room[] },
): Generator<Exchange, void, undefined> {
  const { size } = links;
  const part = Math.ceil(count / size);
  const room = takeRoom(free, size * part);
  const { own, theirs } = room;
  place((array, at) => own.set(array, at));
  // What lies behind the last number is not read, but has part in a scale.
  own.fill(0, count, size * part);
  yield links.allToAll(own, theirs, part);
  const sums = own.subarray(0, part);
  sums.set(theirs.subarray(0, part));
  for (let rank = 1; rank < size; rank++) {
    const addend = rank * part;
    for (let i = 0; i < part; i++) sums[i] = (sums[i] ?? 0) + (theirs[addend + i] ?? 0);
  }
  yield links.allGather(sums, theirs, part);
  place((array, at) => array.set(theirs.subarray(at, at + array.length)));
  free.push(room);
}

/** One that is large enough, or a new one in the place of one that is not. */
function takeRoom(free: Room[], length: number): Room {
  const found = free.findIndex(({ own }) => own.length >= length);
  const [room] = free.splice(Math.max(0, found), 1);
  if (room && found >= 0) return room;
  return { own: new Float32Array(length), theirs: new Float32Array(length) };
}

/** Calls back with parts of arrays, and where they stand among the numbers that are taken. */
type Place = (each: (part: Float32Array, at: number) => void) => void;

/** Takes numbers from arrays, one after another. */
function walkOver(arrays: readonly Float32Array[]): { next(count: number): Place } {
  let [index, offset] = [0, 0];
  return {
    next(count) {
      const parts: (readonly [part: Float32Array, at: number])[] = [];
      let taken = 0;
      while (taken < count) {
        const array = arrays[index] ?? new Float32Array();
        const part = array.subarray(offset, offset + count - taken);
        if (part.length > 0) parts.push([part, taken]);
        taken += part.length;
        offset += part.length;
        if (offset === array.length) [index, offset] = [index + 1, 0];
      }
      return (each) => {
        for (const [part, at] of parts) each(part, at);
      };
    },
  };
}
