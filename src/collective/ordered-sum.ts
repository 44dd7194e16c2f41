/**
 * @file Sums over ranks in the order of the ranks. Each rank adds up a part of all numbers, and gives the sums to the others:
 *
 *   all to all    rank i sends part j to rank j, and gets part i of all           n (N - 1) / N numbers
 *   sum           ((x₀ + x₁) + x₂) + ... in float32
 *   all gather    each rank sends its sums to all                                 n (N - 1) / N numbers
 *
 * These are the bytes of a ring's all-reduce (Patarasuk & Yuan, 2009), whose order is that of the ring.
 */

/** What the ranks can send each other; blocks of a number of elements that all of them know. */
export interface Links {
  readonly rank: number;
  readonly size: number;
  /** Block j of `sent` goes to rank j, and block i of `received` comes from rank i; both [size, block]. */
  allToAll(sent: Float32Array, received: Float32Array, block: number): void;
  /** A block goes to all; `received` is [size, block]. */
  allGather(sent: Float32Array, received: Float32Array, block: number): void;
}

/** 16 MB: few calls, and little memory beside the arrays. */
const BUCKET = 2 ** 22;

/**
 * Adds up arrays, which have the same lengths on all ranks, in place.
 *
 * @param bucket - numbers that are exchanged at a time
 */
export function summedInOrder(
  links: Links,
  bucket: number = BUCKET,
): (arrays: readonly Float32Array[]) => void {
  const { size } = links;
  const most = Math.ceil(bucket / size);
  let [own, theirs] = [new Float32Array(), new Float32Array()];
  return (arrays) => {
    const total = arrays.reduce((sum, { length }) => sum + length, 0);
    const block = Math.min(most, Math.ceil(total / size));
    if (own.length < size * block) {
      own = new Float32Array(size * block);
      theirs = new Float32Array(size * block);
    }
    const walk = walkOver(arrays);
    for (let done = 0; done < total; done += size * block) {
      const count = Math.min(size * block, total - done);
      const part = Math.ceil(count / size);
      const place = walk.next(count);
      place((array, at) => own.set(array, at));
      // What lies behind the last number is not read, but has part in a scale.
      own.fill(0, count, size * part);
      links.allToAll(own, theirs, part);
      const sums = own.subarray(0, part);
      sums.set(theirs.subarray(0, part));
      for (let rank = 1; rank < size; rank++) {
        const addend = rank * part;
        for (let i = 0; i < part; i++) sums[i] = (sums[i] ?? 0) + (theirs[addend + i] ?? 0);
      }
      links.allGather(sums, theirs, part);
      place((array, at) => array.set(theirs.subarray(at, at + array.length)));
    }
  };
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
