/**
 * @file Examples that ranks have between them: each has its own, and knows where the others are. A list has them in the order in which one
 * process has them, and is as long on every rank.
 */

import { type Collective, gathered, gatheredTexts } from "../../collective/index.ts";

/** An example that another rank has. */
export class Elsewhere {
  readonly owner: number;

  constructor(owner: number) {
    this.owner = owner;
  }
}

/** An example, or where it is. */
export type Shared<E> = E | Elsewhere;

/** Whether this rank has an example. */
export const isHere = <T>(example: T): example is Own<T> => !(example instanceof Elsewhere);

/** What is there of what may be elsewhere. */
export type Own<T> = Exclude<T, Elsewhere>;

/** Examples that all ranks have, of which each is to have every Nth. */
export function dealt<E>({ rank, size }: Collective, examples: readonly E[]): readonly Shared<E>[] {
  const owners = Array.from({ length: size }, (_, owner) => new Elsewhere(owner));
  return examples.map((example, i) => {
    const owner = i % size;
    return (owner === rank ? undefined : owners[owner]) ?? example;
  });
}

/** A number that its owner says of each example, on all ranks. */
export function told<T>(
  ranks: Collective,
  examples: readonly T[],
  say: (own: Own<T>) => number,
): readonly number[] {
  const own = examples.filter((each) => isHere(each)).map(say);
  if (ranks.size === 1) return own;
  return inOrder(ranks, examples, gathered(ranks, own));
}

/** What its owner says of each example in words, on all ranks: of some at a time, as a rank need not have room for all. */
export function* toldTexts<E>(
  ranks: Collective,
  examples: readonly Shared<E>[],
  say: (own: E) => readonly string[],
): Generator<readonly string[], void, undefined> {
  for (let start = 0; start < examples.length; start += AT_ONCE) {
    const part = examples.slice(start, start + AT_ONCE);
    const own = part.filter(isHere).map(say);
    if (ranks.size === 1) yield* own;
    else {
      const lists = own.map((texts) => JSON.stringify(texts));
      for (const list of inOrder(ranks, part, gatheredTexts(ranks, lists))) yield textsIn(list);
    }
  }
}

const AT_ONCE = 4096;

function textsIn(list: string): readonly string[] {
  const texts: unknown = JSON.parse(list);
  return Array.isArray(texts) ? texts.map(String) : [];
}

/** What the owners say of their examples, in the order of all. */
function inOrder<T>(
  { rank }: Collective,
  examples: readonly unknown[],
  said: readonly (readonly T[])[],
): readonly T[] {
  const places = said.map(() => 0);
  return examples.flatMap((example) => {
    const owner = example instanceof Elsewhere ? example.owner : rank;
    const place = places[owner] ?? 0;
    places[owner] = place + 1;
    return said[owner]?.slice(place, place + 1) ?? [];
  });
}
