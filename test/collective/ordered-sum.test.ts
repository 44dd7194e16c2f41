/** Sums over ranks, which take their turns in one process and see what arrives sooner or later, beside sums in the order of the ranks that are taken number by number. */

import fc from "fast-check";
import { expect, it } from "vitest";
import { type Coding, codedLinks } from "../../src/collective/coded-links.ts";
import { type Links, summedInOrder } from "../../src/collective/ordered-sum.ts";
import { normals } from "../support/random.ts";

/** Rank by rank, arrays. */
type Inputs = readonly (readonly Float32Array[])[];

/** What each rank has at the end, and the numbers that left each. */
interface Outcome {
  readonly sums: Inputs;
  readonly sent: number;
}

interface Summing {
  readonly piece?: number;
  /** Sums that arrays are divided among, all of them under way at once. */
  readonly sumsAtOnce?: number;
  readonly times?: number;
  readonly coding?: Coding;
  /** Whether what has arrived is not seen yet. */
  readonly isLate?: () => boolean;
  /** The rank that is asked next. */
  readonly next?: () => number;
}

/** Ranks in one process: what all have sent arrives, in the order in which each began exchanges of the kind. */
function network(size: number, isLate: () => boolean) {
  const begun: Record<string, Float32Array[][]> = { allToAll: [], allGather: [] };
  let sent = 0;
  const exchange = (kind: "allGather" | "allToAll", rank: number): Links["allGather"] => {
    let calls = 0;
    return (numbers, received, block) => {
      const call = ((begun[kind] ??= [])[calls++] ??= []);
      // What is sent may be overwritten as soon as the sender sees its end.
      call[rank] = numbers.slice(0, kind === "allGather" ? block : size * block);
      if (rank === 0) sent += (size - 1) * block;
      expect(received.length).toBeGreaterThanOrEqual(size * block);
      const isThere = () => call.filter(Boolean).length === size;
      return {
        test() {
          if (!isThere() || isLate()) return false;
          for (const [i, theirs] of call.entries()) {
            expect(theirs).toHaveLength(kind === "allGather" ? block : size * block);
            const start = kind === "allGather" ? 0 : rank * block;
            received.set(theirs.subarray(start, start + block), i * block);
          }
          return true;
        },
        wait() {
          if (!isThere()) throw new Error("would wait for ever");
        },
      };
    };
  };
  const linksOf = (rank: number): Links => ({
    rank,
    size,
    allToAll: exchange("allToAll", rank),
    allGather: exchange("allGather", rank),
  });
  return { linksOf, sent: () => sent };
}

/** Ranks that add up their arrays, once or again with the same links, and are asked in turn or as it comes. */
function ranksOf(inputs: Inputs, options: Summing = {}): Outcome {
  const { piece = 2 ** 22, sumsAtOnce = 1, times = 1, coding, isLate = () => false } = options;
  const size = inputs.length;
  const { linksOf, sent } = network(size, isLate);
  const { next = () => 0 } = options;
  const sums = inputs.map((arrays) => arrays.map((array) => array.slice()));
  const ranks = sums.map((own, rank) => {
    const links = linksOf(rank);
    const add = summedInOrder(size, piece);
    return {
      own,
      add: (arrays: Float32Array[]) =>
        add(() => (coding ? codedLinks(links, coding) : links), arrays),
    };
  });
  for (let time = 0; time < times; time++) {
    const underWay = ranks.map(({ own, add }) =>
      Array.from({ length: sumsAtOnce }, (_, k) =>
        add((time === 0 ? own : own.slice(0, 1)).filter((_array, i) => i % sumsAtOnce === k)),
      ),
    );
    const exchanges = Math.ceil(sums.flat().reduce((n, { length }) => n + length, 1) / piece);
    for (let turn = 0; turn < 40 * size * (exchanges + sumsAtOnce); turn++) {
      underWay[(turn + next()) % size]?.[0]?.progress();
    }
    for (const each of underWay.flat()) each.wait();
  }
  return { sums, sent: sent() };
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
    piece: fc.integer({ min: 1, max: 60 }),
    sumsAtOnce: fc.integer({ min: 1, max: 4 }),
    seed: fc.nat(),
  });
  fc.assert(
    fc.property(cases, ({ size, lengths, piece, sumsAtOnce, seed }) => {
      const inputs = numbersOf(size, lengths, seed);
      const expected = inOrder(inputs);
      const draw = normals(seed + 1);
      const chance = { isLate: () => draw() > 0.5, next: () => Math.abs(Math.round(3 * draw())) };
      const { sums } = ranksOf(inputs, { piece, sumsAtOnce, ...chance });
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
  const { sums, sent } = ranksOf(inputs, { piece: 100, coding: COARSE });
  for (const own of sums) expect(own).toEqual(inOrder(inputs));
  expect(sent).toBeLessThan(ranksOf(inputs, { piece: 100 }).sent * 0.55);
});
