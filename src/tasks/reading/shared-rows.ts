/**
 * @file Encoded examples that ranks share out: each encodes those that it has, and keeps their tokens. All know the lengths of all, so that
 * each has the batches that it would have alone; what a batch lacks comes from those who have it, for all micro-batches of a step at once.
 */

import { type Collective, gathered, someRank } from "../../collective/index.ts";
import { type Fitted, isHere, type Shared, takenInSteps, type Taking } from "../../data/index.ts";
import { FormatError, UsageError } from "../../errors.ts";
import { numbersOf, type SequenceForm } from "./sequence-forms.ts";

/** Every rank calls the same functions in the same order. */
export interface SharedRows<T> {
  /**
   * What `encode` makes of all examples, of which this rank encodes its own.
   *
   * @throws {Unshared} on all ranks, where one is refused something; with one, as `encode` does.
   */
  encode<E>(
    examples: readonly Shared<E>[],
    encode: (examples: readonly E[]) => Fitted<T>,
  ): Fitted<T>;
  /** The same sequences with their tokens. */
  complete(sequences: readonly T[]): readonly T[];
  /** Takes batches out of steps of so many micro-batches; undefined where all tokens are here. */
  inSteps(microSteps: number): Taking<T> | undefined;
}

/** Something is wrong with what a rank has: one that has all can say what. */
export class Unshared extends Error {
  override readonly name = "Unshared";
}

/** With one rank, all is where it is. */
export function sharedRows<T extends object>(
  ranks: Collective,
  form: SequenceForm<T>,
): SharedRows<T> {
  if (ranks.size === 1) {
    return {
      encode: (examples, encode) => encode(examples.filter(isHere)),
      complete: (sequences) => sequences,
      inSteps: () => undefined,
    };
  }
  const { rank } = ranks;
  const { blank, owners } = blanksOf(form);
  const ownerOf = (sequence: T): number => owners.get(sequence) ?? rank;
  const complete: SharedRows<T>["complete"] = (sequences) => {
    const own = sequences.filter((sequence) => ownerOf(sequence) === rank);
    const told = gathered(ranks, own.flatMap(form.write)).map(numbersOf);
    return sequences.map((sequence) => {
      const owner = ownerOf(sequence);
      const numbers = told[owner];
      if (!numbers) throw new Error(`internal: no rank ${owner}`);
      if (owner === rank) return sequence;
      const found = form.read(numbers);
      // It may be asked for once more.
      owners.set(found, owner);
      return found;
    });
  };

  return {
    complete,

    encode(examples, encode) {
      const own = unlessRefused(() => encode(examples.filter(isHere)));
      if (someRank(ranks, own === undefined) || !own) throw new Unshared();
      const { sequences, dropped, truncated, empty, places } = own;
      const ownPlaces = examples.flatMap((example, place) => (isHere(example) ? [place] : []));
      const entries = sequences.flatMap((sequence, i) => [
        ownPlaces[places?.[i] ?? i] ?? 0,
        ...form.lengthsOf(sequence),
      ]);
      const all = gathered(ranks, [dropped, truncated, empty, ...entries]);
      const total = (i: number) => all.reduce((sum, numbers) => sum + (numbers[i] ?? 0), 0);
      const width = 1 + form.parts;
      const found = all.flatMap((numbers, owner) =>
        Array.from({ length: (numbers.length - COUNTS) / width }, (_, i) => {
          const start = COUNTS + i * width;
          const [place = 0, ...lengths] = numbers.slice(start, start + width);
          const sequence = owner === rank ? sequences[i] : undefined;
          return { place, sequence: sequence ?? blank(lengths, owner) };
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

    inSteps: (microSteps) => takenInSteps(microSteps, complete),
  };
}

/** Numbers before the places and lengths of sequences: dropped, truncated, empty. */
const COUNTS = 3;

function unlessRefused<T>(make: () => T): T | undefined {
  try {
    return make();
  } catch (error) {
    if (error instanceof UsageError || error instanceof FormatError) return undefined;
    throw error;
  }
}

/** Makes sequences whose tokens another rank has, one for all of its that are equally long. */
function blanksOf<T extends object>({ blank }: SequenceForm<T>) {
  const arrays = new Map<number, Int32Array>();
  const tokens = (length: number): Int32Array => {
    const ids = arrays.get(length) ?? new Int32Array(length);
    arrays.set(length, ids);
    return ids;
  };
  const blanks = new Map<string, T>();
  const owners = new WeakMap<T, number>();
  return {
    owners,
    blank(lengths: readonly number[], owner: number): T {
      const key = [owner, ...lengths].join();
      const made = blanks.get(key) ?? blank(lengths, tokens);
      blanks.set(key, made);
      owners.set(made, owner);
      return made;
    },
  };
}
