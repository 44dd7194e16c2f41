/**
 * @file What a teacher says of the targets of a run, by the example that they are part of: the same one is found again in any batch.
 *
 *   q = (1 - λ) onehot(target) + λ p        p the K likeliest tokens of the teacher, adding up to 1
 *
 * Where the loss is the cross-entropy to q, its gradient is that of (1 - λ) times the usual loss and λ times the divergence of the model
 * from the teacher (Hinton, Vinyals & Dean, 2015, arXiv:1503.02531, at temperature 1).
 */

import type { Batch, SoftTargets } from "../../models/batch.ts";
import { option, UsageError } from "../../errors.ts";
import { valueOfFloat16 } from "../../tensor/half.ts";

/** M targets of all examples, of which each has a row of K tokens. */
export interface Said {
  /** K */
  readonly choices: number;
  /** The first target of each example. */
  readonly examples: ReadonlyMap<string, number>;
  /** [M, K] */
  readonly ids: Int32Array;
  /** [M, K], float16: what each is among the K. */
  readonly shares: Uint16Array;
}

/** Rows of a batch that count, by what tells each from others, with their targets that count. */
export function examplesOf(batch: Batch): readonly { key: string; places: readonly number[] }[] {
  const length = batch.targets.length / batch.size;
  return Array.from({ length: batch.size }, (_, row) => {
    const places = Array.from({ length }, (__, i) => row * length + i).filter(
      (place) => batch.weights[place] !== 0,
    );
    return { key: keyOf(batch, row, places), places };
  }).filter(({ places }) => places.length > 0);
}

/** What is read up to the last target, and which targets there are; padding has no part in it. */
function keyOf({ inputs, targets, size }: Batch, row: number, places: readonly number[]): string {
  const { ids, attentionMask } = inputs;
  if (!ids) throw new UsageError(`${option("teacher")}: a model of texts has one; got no tokens`);
  const length = ids.data.length / size;
  const of = (data: (typeof ids)["data"]) =>
    Array.from(data.subarray(row * length, (row + 1) * length), Number);
  const first = row * (targets.length / size);
  const read = attentionMask
    ? of(attentionMask.data).lastIndexOf(1) + 1
    : (places.at(-1) ?? first) - first + 1;
  return digest([
    read,
    ...of(ids.data).slice(0, read),
    ...places.flatMap((place) => [place - first, targets[place] ?? 0]),
  ]);
}

/** 64 bits of whole numbers: two sums in the manner of FNV-1a, which differ by their prime. */
function digest(numbers: readonly number[]): string {
  let [a, b] = [0x811c9dc5, 0x9747b28c];
  for (const number of numbers) {
    a = Math.imul(a ^ number, 0x01000193);
    b = Math.imul(b ^ (number + 0x9e3779b9), 0x85ebca6b);
    b ^= b >>> 13;
  }
  return `${a >>> 0}.${b >>> 0}`;
}

/** A batch whose targets are in part those of the teacher. @throws {UsageError} if it was not asked about an example. */
export const taught = (batch: Batch, said: Said, share: number): Batch => ({
  ...batch,
  soft: softTargets(batch, said, share),
});

/** Each target and what the teacher says, K + 1 tokens. */
function softTargets(batch: Batch, said: Said, share: number): SoftTargets {
  const count = batch.targets.length;
  const choices = said.choices + 1;
  const ids = new Int32Array(count * choices);
  const shares = new Float32Array(count * choices);
  for (const [i, target] of batch.targets.entries()) {
    ids[i * choices] = target;
    shares[i * choices] = 1;
  }
  for (const { key, places } of examplesOf(batch)) {
    const first = said.examples.get(key);
    if (first === undefined) throw unknownExample();
    for (const [i, place] of places.entries()) {
      const from = (first + i) * said.choices;
      const to = place * choices + 1;
      ids.set(said.ids.subarray(from, from + said.choices), to);
      const own = Float32Array.from(
        said.shares.subarray(from, from + said.choices),
        valueOfFloat16,
      );
      const sum = own.reduce((all, each) => all + each, 0);
      shares[to - 1] = 1 - share;
      shares.set(
        own.map((each) => (share * each) / sum),
        to,
      );
    }
  }
  return { choices, ids, shares };
}

const unknownExample = (): UsageError =>
  new UsageError(`${option("teacher")}: it was not asked about an example of the data`, {
    hint: "it knows those that it was asked about, as they were cut then: name the model itself to ask it",
  });
