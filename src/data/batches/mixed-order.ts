/**
 * @file The order of an epoch that draws from several parts of the data by weights.
 *
 *   N = all examples    n_p of part p    draws of part p in an epoch:  d_p ≈ N w_p / Σ w,  Σ d_p = N
 *
 * A part is gone through in a random order, then in another, and an epoch goes on where the one before stopped: after so many epochs each
 * example of a part was drawn as often as the others, or once more. The order depends on the key and the epoch alone.
 */

import { foldIn, type Key } from "../../random/key.ts";
import { permutation } from "./permutation.ts";

/** The places of the examples of an epoch, in the order in which they are drawn. */
export type Order = (epoch: number) => Uint32Array;

/**
 * The order of epochs that draw from parts by weights.
 *
 * @param parts - the part of each example
 * @param weights - of each part, above 0; those without examples do not count
 */
export function mixedOrder(parts: readonly number[], weights: readonly number[], key: Key): Order {
  const mixKey = foldIn(key, "mix");
  const places = weights.map((_, part) => parts.flatMap((each, i) => (each === part ? [i] : [])));
  const draws = shares(
    weights.map((weight, part) => (places[part]?.length === 0 ? 0 : weight)),
    parts.length,
  );
  return (epoch) => {
    const drawn = places.flatMap((own, part) => {
      const partKey = foldIn(mixKey, part);
      const count = draws[part] ?? 0;
      return drawsOf(own, [epoch * count, (epoch + 1) * count], partKey);
    });
    const order = permutation(foldIn(foldIn(mixKey, "order"), epoch), drawn.length);
    return order.map((i) => drawn[i] ?? 0);
  };
}

/** What comes from `from` to `to` of endless rounds through some places, each in another order. */
function drawsOf(
  places: readonly number[],
  [from, to]: readonly [from: number, to: number],
  key: Key,
): readonly number[] {
  const drawn: number[] = [];
  for (let at = from; at < to;) {
    const [round, start] = [Math.floor(at / places.length), at % places.length];
    const order = permutation(foldIn(key, round), places.length);
    const end = Math.min(places.length, start + to - at);
    for (const i of order.subarray(start, end)) drawn.push(places[i] ?? 0);
    at += end - start;
  }
  return drawn;
}

/** A whole number in shares that are as the weights, and add up: what rounding down leaves goes to those who lost most. */
function shares(weights: readonly number[], whole: number): readonly number[] {
  const sum = weights.reduce((all, weight) => all + weight, 0);
  const exact = weights.map((weight) => (whole * weight) / sum);
  const counts = exact.map(Math.floor);
  const left = whole - counts.reduce((all, count) => all + count, 0);
  const losses = exact.map((share, part) => ({ part, loss: share - Math.floor(share) }));
  for (const { part } of losses.toSorted((a, b) => b.loss - a.loss).slice(0, left)) {
    counts[part] = (counts[part] ?? 0) + 1;
  }
  return counts;
}
