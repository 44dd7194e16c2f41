/**
 * @file Examples that ranks share out: rank i of N encodes the examples i, i + N, i + 2N, ... and keeps their tokens. All know the lengths
 * of all sequences, so that each has the batches that it would have alone; what a batch lacks comes from those who have it, for all
 * micro-batches of a step at once.
 */

import { alone, checkSame, type Collective, gathered, someRank } from "../../collective/index.ts";
import type { Fitted, LanguageModelSequence, Taking } from "../../data/index.ts";
import { UsageError } from "../../errors.ts";
import { crc32 } from "../../host/crc32.ts";

/** A sequence whose tokens another rank has: only its length is right. */
interface Elsewhere extends LanguageModelSequence {
  readonly owner: number;
}

/** Every rank calls the same functions in the same order. */
export interface SharedRows {
  /** What `encode` makes of all examples, of which this rank encodes its share. @throws {UsageError} as `encode` does, on all ranks. */
  encode<E>(
    examples: readonly E[],
    encode: (examples: readonly E[]) => Fitted<LanguageModelSequence>,
  ): Fitted<LanguageModelSequence>;
  /** The same sequences with their tokens. */
  complete(sequences: readonly LanguageModelSequence[]): readonly LanguageModelSequence[];
  /** Takes batches out of steps of so many micro-batches; undefined where all tokens are here. */
  inSteps(microSteps: number): Taking | undefined;
}

/** With one rank, all is where it is. */
export function sharedRows(ranks: Collective = alone): SharedRows {
  if (ranks.size === 1) {
    return {
      encode: (examples, encode) => encode(examples),
      complete: (sequences) => sequences,
      inSteps: () => undefined,
    };
  }
  const { rank, size } = ranks;
  const blank = blankSequences();
  const ownerOf = (sequence: LanguageModelSequence): number =>
    isElsewhere(sequence) ? sequence.owner : rank;
  const complete: SharedRows["complete"] = (sequences) => {
    const own = sequences.filter((sequence) => ownerOf(sequence) === rank);
    const readers = gathered(ranks, own.flatMap(written)).map(reader);
    return sequences.map((sequence) => {
      const owner = ownerOf(sequence);
      const read = readers[owner];
      if (!read) throw new Error(`internal: no rank ${owner}`);
      // One's own are passed over.
      const found = read();
      return owner === rank ? sequence : found;
    });
  };

  return {
    complete,

    encode(examples, encode) {
      const sums = examples.map((each) => crc32(new TextEncoder().encode(JSON.stringify(each))));
      checkSame(ranks, crc32, { data: sums.join() });
      let own: Fitted<LanguageModelSequence> | undefined;
      try {
        own = encode(examples.filter((_, i) => i % size === rank));
      } catch (error) {
        if (!(error instanceof UsageError)) throw error;
      }
      // What is wrong is said of all examples.
      if (someRank(ranks, own === undefined) || !own) return encode(examples);
      const { sequences, dropped, truncated, empty } = own;
      const places = own.places ?? [...sequences.keys()];
      const entries = sequences.flatMap(({ ids }, i) => [places[i] ?? 0, ids.length]);
      const all = gathered(ranks, [dropped, truncated, empty, ...entries]);
      const total = (i: number) => all.reduce((sum, numbers) => sum + (numbers[i] ?? 0), 0);
      const found = all.flatMap((numbers, owner) =>
        Array.from({ length: (numbers.length - COUNTS) / 2 }, (_, i) => {
          const [place = 0, length = 0] = numbers.slice(COUNTS + 2 * i, COUNTS + 2 * i + 2);
          const sequence = owner === rank ? sequences[i] : undefined;
          return { place: place * size + owner, sequence: sequence ?? blank(length, owner) };
        }),
      );
      // Of one example all are in order already.
      const ordered = found.toSorted((a, b) => a.place - b.place);
      return {
        sequences: ordered.map(({ sequence }) => sequence),
        places: ordered.map(({ place }) => place),
        dropped: total(0),
        truncated: total(1),
        empty: total(2),
      };
    },

    inSteps(microSteps) {
      let last = -1;
      let batches: (readonly LanguageModelSequence[])[] = [];
      return (position, at) => {
        const step = Math.floor(position / microSteps);
        if (step !== last) {
          const wanted = Array.from({ length: microSteps }, (_, i) => at(step * microSteps + i));
          const rows = complete(wanted.flat());
          let start = 0;
          batches = wanted.map(({ length }) => rows.slice(start, (start += length)));
          last = step;
        }
        return batches[position % microSteps] ?? [];
      };
    },
  };
}

/** Numbers before the places and lengths of sequences: dropped, truncated, empty. */
const COUNTS = 3;

const isElsewhere = (sequence: LanguageModelSequence): sequence is Elsewhere => "owner" in sequence;

/** Makes sequences of blank tokens, which are one array for each length. */
function blankSequences(): (length: number, owner: number) => Elsewhere {
  const blanks = new Map<number, Int32Array>();
  return (length, owner) => {
    const ids = blanks.get(length) ?? new Int32Array(length);
    blanks.set(length, ids);
    return { ids, lossFrom: 1, owner };
  };
}

/** A sequence as numbers. */
function written({ ids, lossFrom, lossRanges, weight, answer }: LanguageModelSequence) {
  return [
    ids.length,
    ...ids,
    lossFrom,
    ...(lossRanges ? [lossRanges.length, ...lossRanges.flat()] : [NONE]),
    ...(answer ? [1, ...answer] : [NONE]),
    ...(weight === undefined ? [NONE] : [1, weight]),
  ];
}

const NONE = -1;

/** Reads one sequence after another. */
function reader(numbers: readonly number[]): () => LanguageModelSequence {
  let at = 0;
  const next = () => numbers[at++] ?? 0;
  const pair = (): readonly [number, number] => [next(), next()];
  return () => {
    const length = next();
    const ids = Int32Array.from(numbers.slice(at, at + length));
    at += length;
    const lossFrom = next();
    const ranges = next();
    const lossRanges = ranges === NONE ? undefined : Array.from({ length: ranges }, pair);
    const answer = next() === NONE ? undefined : pair();
    const weight = next() === NONE ? undefined : next();
    return {
      ids,
      lossFrom,
      ...(lossRanges && { lossRanges }),
      ...(answer && { answer }),
      ...(weight !== undefined && { weight }),
    };
  };
}
