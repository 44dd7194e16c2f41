/** Sums over ranks, which take their turns in one process, beside sums in the order of the ranks that are taken number by number. */

import fc from "fast-check";
import { expect, it } from "vitest";
import { type Coding, codedLinks } from "../../src/collective/coded-links.ts";
import { type Links, summedInOrder } from "../../src/collective/ordered-sum.ts";
import { normals } from "../support/random.ts";

/** Rank by rank, arrays. */
type Inputs = readonly (readonly Float32Array[])[];

interface Sent {
  readonly kind: "allToAll" | "allGather";
  readonly numbers: Float32Array;
  readonly block: number;
}

/** What each rank has at the end, and the numbers that left each. */
interface Outcome {
  readonly sums: Inputs;
  readonly sent: number;
}

const WAITS = new Error("what the others send is not known yet");

interface Summing {
  readonly bucket?: number;
  readonly times?: number;
  readonly coding?: Coding;
}

/**
 * Ranks that add up their arrays, once or again with the same links. Each begins anew until all that it gets from the others is known: a rank
 * that waits cannot be left within a call.
 */
function ranksOf(inputs: Inputs, { bucket = 2 ** 22, times = 1, coding }: Summing = {}): Outcome {
  const size = inputs.length;
  const exchanges: (readonly Float32Array[])[] = [];
  let sent = 0;
  for (;;) {
    const waiting: Sent[] = [];
    const sums = inputs.map((arrays, rank) => {
      let calls = 0;
      const exchange =
        (kind: Sent["kind"]) =>
        (numbers: Float32Array, received: Float32Array, block: number): void => {
          const known = exchanges[calls]?.[rank];
          calls += 1;
          if (!known) {
            waiting.push({ kind, block, numbers: numbers.slice() });
            throw WAITS;
          }
          expect(received.length).toBeGreaterThanOrEqual(size * block);
          received.set(known);
        };
      const links = {
        rank,
        size,
        allToAll: exchange("allToAll"),
        allGather: exchange("allGather"),
      };
      return untilItWaits(coding ? codedLinks(links, coding) : links, { arrays, bucket, times });
    });
    if (waiting.length === 0) return { sums, sent };
    expect(new Set(waiting.map(({ kind, block }) => `${kind} ${block}`)).size).toBe(1);
    expect(waiting).toHaveLength(size);
    exchanges.push(inputs.map((_, rank) => receivedBy(rank, waiting)));
    sent += (size - 1) * (waiting[0]?.block ?? 0);
  }
}

function untilItWaits(
  links: Links,
  { arrays, bucket, times }: { arrays: readonly Float32Array[]; bucket: number; times: number },
): readonly Float32Array[] {
  const own = arrays.map((array) => array.slice());
  try {
    const sum = summedInOrder(links, bucket);
    for (let time = 0; time < times; time++) sum(time === 0 ? own : own.slice(0, 1));
  } catch (error) {
    if (error !== WAITS) throw error;
  }
  return own;
}

function receivedBy(rank: number, waiting: readonly Sent[]): Float32Array {
  const parts = waiting.map(({ kind, numbers, block }) =>
    kind === "allGather"
      ? numbers.subarray(0, block)
      : numbers.subarray(rank * block, (rank + 1) * block),
  );
  const received = new Float32Array(parts.length * (parts[0]?.length ?? 0));
  // What is coded is no number, and its bits are kept.
  for (const [i, part] of parts.entries()) received.set(part, i * part.length);
  return received;
}

/** ((x₀ + x₁) + x₂) + ..., each rounded to float32. */
const inOrder = (inputs: Inputs): readonly Float32Array[] =>
  (inputs[0] ?? []).map((array, index) =>
    array.map((first, i) =>
      inputs.slice(1).reduce((sum, own) => Math.fround(sum + (own[index]?.[i] ?? 0)), first),
    ),
  );

function numbersOf(size: number, lengths: readonly number[], seed: number): Inputs {
  const draw = normals(seed);
  // Of many magnitudes, so that another order would give other bits.
  const number = () => draw() * 10 ** (3 * draw());
  return Array.from({ length: size }, () =>
    lengths.map((length) => Float32Array.from({ length }, number)),
  );
}

it("are those in the order of the ranks, bit for bit, on all of them", () => {
  const cases = fc.record({
    size: fc.integer({ min: 1, max: 5 }),
    lengths: fc.array(fc.integer({ min: 0, max: 40 }), { maxLength: 6 }),
    bucket: fc.integer({ min: 1, max: 60 }),
    seed: fc.nat(),
  });
  fc.assert(
    fc.property(cases, ({ size, lengths, bucket, seed }) => {
      const inputs = numbersOf(size, lengths, seed);
      const expected = inOrder(inputs);
      const { sums } = ranksOf(inputs, { bucket });
      for (const own of sums) expect(own).toEqual(expected);
    }),
  );
});

it("depend on the order", () => {
  const inputs = numbersOf(4, [100], 1);
  expect(ranksOf(inputs.toReversed()).sums[0]).not.toEqual(ranksOf(inputs).sums[0]);
});

it("may be taken again, of fewer numbers than before", () => {
  const inputs = numbersOf(3, [7, 50], 2);
  const once = inOrder(inputs);
  // The second time every rank gives the sum.
  const [first = new Float32Array(), second] = once;
  const again = inOrder([[first], [first], [first]]);
  for (const own of ranksOf(inputs, { times: 2 }).sums) expect(own).toEqual([...again, second]);
});

it("take the numbers of a ring: 2 n (N - 1) / N from each rank", () => {
  const [n, size] = [1200, 4];
  expect(ranksOf(numbersOf(size, [n], 3)).sent).toBe((2 * n * (size - 1)) / size);
});

/** Two whole numbers a word, whose bits are those of no number. */
const COARSE: Coding = {
  words: (count) => Math.ceil(count / 2),
  encode(numbers, words) {
    const halves = new Uint16Array(words.buffer, words.byteOffset, 2 * words.length);
    for (const [i, x] of numbers.entries()) halves[i] = 0xffff - x;
  },
  decode(words, numbers) {
    const halves = new Uint16Array(words.buffer, words.byteOffset, 2 * words.length);
    for (let i = 0; i < numbers.length; i++) numbers[i] = 0xffff - (halves[i] ?? 0);
  },
};

it("are the same on all ranks where addends and sums are coded, in fewer words", () => {
  const whole = (rank: number) => (_: unknown, i: number) => (7 * i + 11 * rank) % 50;
  const inputs = [0, 1, 2, 3].map((rank) =>
    [37, 400].map((length) => Float32Array.from({ length }, whole(rank))),
  );
  const { sums, sent } = ranksOf(inputs, { bucket: 100, coding: COARSE });
  for (const own of sums) expect(own).toEqual(inOrder(inputs));
  expect(sent).toBeLessThan(ranksOf(inputs, { bucket: 100 }).sent * 0.55);
});
