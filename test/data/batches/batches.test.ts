import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type Batch,
  type BatchSource,
  evaluationBatches,
  type LanguageModelSequence,
  ownTokens,
  pairBatches,
  textBatches,
  textWindows,
} from "../../../src/data/index.ts";
import { UsageError } from "../../../src/errors.ts";
import { randomKey } from "../../../src/random/key.ts";
import { int32 } from "../../../src/tensor/host-tensor.ts";

const PAD = -1;
const key = randomKey(3);

/** Sequences of the given lengths; no token occurs twice. */
function sequencesOf(lengths: readonly number[]): LanguageModelSequence[] {
  let next = 0;
  return lengths.map((length) => ({
    ids: Int32Array.from({ length }, () => next++),
    lossFrom: 1 + (length % (length - 1)),
  }));
}

const lengths = fc.array(fc.integer({ min: 2, max: 40 }), { minLength: 1, maxLength: 300 });

/** B sequences of T ids, [B, T]. */
const idsOf = ({ inputs: { ids } }: Batch): Int32Array =>
  ids?.data instanceof Int32Array ? ids.data : new Int32Array();
const lengthOf = ({ inputs: { ids } }: Batch): number => ids?.shape[1] ?? 0;

/** The sequences of a batch, from its rows; rows of padding are left out. */
function rowsOf(batch: Batch): LanguageModelSequence[] {
  return Array.from({ length: batch.size }, (_, row) => {
    const cells = (array: Int32Array | Float32Array) =>
      array.slice(row * lengthOf(batch), (row + 1) * lengthOf(batch));
    const inputs = cells(idsOf(batch)).filter((id) => id !== PAD);
    const targets = cells(batch.targets).filter((id) => id !== PAD);
    const ids = Int32Array.from([...inputs.slice(0, 1), ...targets]);
    expect(targets.slice(0, -1)).toEqual(inputs.slice(1));
    return { ids, lossFrom: cells(batch.weights).indexOf(1) + 1 };
  }).filter(({ ids }) => ids.length > 0);
}

const epochOf = (source: BatchSource, epoch: number) =>
  Array.from({ length: source.batchesPerEpoch }, (_, i) =>
    source.batchAt(epoch * source.batchesPerEpoch + i),
  );

const byFirstToken = (sequences: readonly LanguageModelSequence[]) =>
  sequences.toSorted((a, b) => (a.ids[0] ?? 0) - (b.ids[0] ?? 0));

const count = (batch: Batch, weight: number) => batch.weights.filter((w) => w === weight).length;

const tokensOf = (length: number) => Int32Array.from({ length }, (_, i) => i + 1);

/** The first tokens of the windows of an epoch, in order. */
const startsOf = (batches: readonly Batch[]) =>
  batches.flatMap((batch) =>
    Array.from({ length: batch.size }, (_, row) => row * lengthOf(batch))
      .filter((start) => batch.weights[start] === 1)
      .map((start) => idsOf(batch)[start] ?? 0),
  );

/** The share of inputs that are not padding. */
function density(batches: readonly Batch[]): number {
  const sum = (of: (batch: Batch) => number) => batches.reduce((all, b) => all + of(b), 0);
  return sum(({ tokens }) => tokens) / sum((batch) => idsOf(batch).length);
}

describe("evaluationBatches", () => {
  it("lays out inputs, targets and weights", () => {
    const sequences = [
      { ids: Int32Array.of(1, 2, 3, 4), lossFrom: 2 },
      { ids: Int32Array.of(5, 6), lossFrom: 1 },
      { ids: Int32Array.of(7, 8, 9), lossFrom: 1 },
    ];
    const batches = [...evaluationBatches(sequences, { batchSize: 2, pad: 0, multiple: 4 })];
    expect(batches).toEqual([
      {
        size: 2,
        inputs: { ids: int32([2, 4], Int32Array.of(1, 2, 3, 0, 5, 0, 0, 0)) },
        targets: Int32Array.of(2, 3, 4, 0, 6, 0, 0, 0),
        weights: Float32Array.of(0, 1, 1, 0, 1, 0, 0, 0),
        tokens: 4,
        lossTokens: 3,
      },
      {
        size: 2,
        inputs: { ids: int32([2, 4], Int32Array.of(7, 8, 0, 0, 0, 0, 0, 0)) },
        targets: Int32Array.of(8, 9, 0, 0, 0, 0, 0, 0),
        weights: Float32Array.of(1, 1, 0, 0, 0, 0, 0, 0),
        tokens: 2,
        lossTokens: 2,
      },
    ]);
  });

  it("takes every sequence once, in order", () => {
    fc.assert(
      fc.property(lengths, fc.integer({ min: 1, max: 9 }), (sizes, batchSize) => {
        const sequences = sequencesOf(sizes);
        const batches = [...evaluationBatches(sequences, { batchSize, pad: PAD })];
        expect(batches.flatMap(rowsOf)).toEqual(sequences);
        expect(batches.every(({ size }) => size === batchSize)).toBe(true);
      }),
    );
  });
});

describe("pairBatches", () => {
  const options = { batchSize: 4, pad: PAD, multiple: 8, key };

  it("takes every sequence once an epoch", () => {
    fc.assert(
      fc.property(
        lengths,
        fc.integer({ min: 1, max: 9 }),
        fc.integer({ min: 1, max: 16 }),
        fc.nat({ max: 3 }),
        (sizes, batchSize, multiple, epoch) => {
          const sequences = sequencesOf(sizes);
          const source = pairBatches(sequences, { batchSize, pad: PAD, multiple, key });
          const batches = epochOf(source, epoch);
          expect(byFirstToken(batches.flatMap(rowsOf))).toEqual(sequences);
          for (const batch of batches) {
            expect(batch.size).toBe(batchSize);
            expect(lengthOf(batch) % multiple).toBe(0);
          }
        },
      ),
    );
  });

  it("gives padding no weight, and counts what is not padding", () => {
    fc.assert(
      fc.property(lengths, (sizes) => {
        for (const batch of epochOf(pairBatches(sequencesOf(sizes), options), 0)) {
          const isPadding = (_: number, i: number) => batch.targets[i] === PAD;
          expect(batch.weights.filter(isPadding).every((weight) => weight === 0)).toBe(true);
          expect(batch.tokens).toBe(idsOf(batch).filter((id) => id !== PAD).length);
          expect(batch.lossTokens).toBe(count(batch, 1));
          expect(count(batch, 0) + count(batch, 1)).toBe(batch.size * lengthOf(batch));
        }
      }),
    );
  });

  it("depends on the key and the position alone", () => {
    fc.assert(
      fc.property(lengths, fc.array(fc.nat({ max: 500 })), (sizes, positions) => {
        const sequences = sequencesOf(sizes);
        const source = pairBatches(sequences, options);
        for (const position of positions) {
          const fresh = pairBatches(sequences, options);
          expect(source.batchAt(position)).toEqual(fresh.batchAt(position));
        }
      }),
      { numRuns: 20 },
    );
  });

  it("takes another order with every epoch and every key", () => {
    const sequences = sequencesOf(Array.from({ length: 100 }, (_, i) => 2 + (i % 30)));
    const source = pairBatches(sequences, options);
    const other = pairBatches(sequences, { ...options, key: randomKey(4) });
    expect(epochOf(source, 0)).not.toEqual(epochOf(source, 1));
    expect(epochOf(source, 0)).not.toEqual(epochOf(other, 0));
  });

  it("saves padding by batches of similar length", () => {
    const sequences = sequencesOf(Array.from({ length: 2000 }, (_, i) => 2 + ((i * 37) % 60)));
    const grouped = pairBatches(sequences, { ...options, multiple: 1, batchSize: 8 });
    const unsorted = [...evaluationBatches(sequences, { ...options, multiple: 1, batchSize: 8 })];
    expect(density(unsorted)).toBeLessThan(0.6);
    expect(density(epochOf(grouped, 0))).toBeGreaterThan(0.95);
  });

  it("does not round up past the context", () => {
    const sequences = sequencesOf([21, 3]);
    const lengthsOf = (contextLength: number) => {
      const source = pairBatches(sequences, { ...options, batchSize: 1, contextLength });
      return epochOf(source, 0)
        .map(lengthOf)
        .toSorted((a, b) => a - b);
    };
    expect(lengthsOf(64)).toEqual([8, 24]);
    expect(lengthsOf(20)).toEqual([8, 20]);
    expect(() => lengthsOf(19)).toThrow("batches: the context has 19 tokens; got 20");
  });

  it.each([
    ["no sequences", [], {}],
    ["a batch of none", [3], { batchSize: 0 }],
    ["half a multiple", [3], { multiple: 0.5 }],
  ])("refuses %s", (_, sizes, changed) => {
    expect(() => pairBatches(sequencesOf(sizes), { ...options, ...changed })).toThrow(UsageError);
  });

  it.each([-1, 0.5, Number.NaN, Infinity])("refuses the position %d", (position) => {
    const source = pairBatches(sequencesOf([3]), options);
    expect(() => source.batchAt(position)).toThrow(UsageError);
  });
});

describe("textBatches", () => {
  const stream = fc.record({
    length: fc.integer({ min: 41, max: 900 }),
    contextLength: fc.integer({ min: 1, max: 40 }),
    batchSize: fc.integer({ min: 1, max: 9 }),
    epoch: fc.nat({ max: 5 }),
  });

  it("predicts no token twice in an epoch, and leaves out less than two windows", () => {
    fc.assert(
      fc.property(stream, ({ length, contextLength, batchSize, epoch }) => {
        const source = textBatches([ownTokens(tokensOf(length))], {
          batchSize,
          contextLength,
          key,
        });
        const batches = epochOf(source, epoch);
        const targets = batches.flatMap((batch) =>
          [...batch.targets].filter((_, i) => batch.weights[i] === 1),
        );
        expect(new Set(targets).size).toBe(targets.length);
        expect(length - 1 - targets.length).toBeLessThan(2 * contextLength);
        for (const batch of batches) {
          expect([batch.size, lengthOf(batch)]).toEqual([batchSize, contextLength]);
          expect(batch.lossTokens).toBe(count(batch, 1));
          expect(batch.tokens).toBe(batch.lossTokens);
          for (const [i, weight] of batch.weights.entries()) {
            if (weight === 1) expect(batch.targets[i]).toBe((idsOf(batch)[i] ?? 0) + 1);
          }
        }
      }),
    );
  });

  it("depends on the key and the position alone", () => {
    fc.assert(
      fc.property(stream, fc.array(fc.nat({ max: 500 })), (shape, positions) => {
        const tokens = tokensOf(shape.length);
        const source = textBatches([ownTokens(tokens)], { ...shape, key });
        for (const position of positions) {
          const fresh = textBatches([ownTokens(tokens)], { ...shape, key });
          expect(source.batchAt(position)).toEqual(fresh.batchAt(position));
        }
      }),
      { numRuns: 20 },
    );
  });

  it("starts from every offset, in every order", () => {
    const source = textBatches([ownTokens(tokensOf(98))], { batchSize: 2, contextLength: 5, key });
    const epochs = Array.from({ length: 60 }, (_, epoch) => startsOf(epochOf(source, epoch)));
    const offsets = new Set(epochs.map((starts) => Math.min(...starts) % 5));
    expect(offsets.size).toBe(5);
    expect(new Set(epochs.map(String)).size).toBe(60);
  });

  it("takes a text of just one window", () => {
    const source = textBatches([ownTokens(tokensOf(6))], { batchSize: 1, contextLength: 5, key });
    expect(source.batchesPerEpoch).toBe(1);
    expect([...idsOf(source.batchAt(7))]).toEqual([1, 2, 3, 4, 5]);
    expect([...source.batchAt(7).targets]).toEqual([2, 3, 4, 5, 6]);
  });

  it("refuses a text shorter than one window", () => {
    const tooShort = tokensOf(5);
    expect(() =>
      textBatches([ownTokens(tooShort)], { batchSize: 1, contextLength: 5, key }),
    ).toThrow("data: text of at least 6 tokens is needed; got 5");
  });

  it("evaluates every token of a stream but the first", () => {
    const tokens = tokensOf(23);
    const ranges = textWindows(tokens.length, 5);
    const windows = ownTokens(tokens)
      .read(ranges)
      .map((ids) => ({ ids, lossFrom: 1 }));
    const batches = [...evaluationBatches(windows, { batchSize: 3, pad: PAD, contextLength: 5 })];
    const targets = batches.flatMap(rowsOf).flatMap(({ ids }) => Array.from(ids.subarray(1)));
    expect(targets).toEqual(Array.from(tokens.subarray(1)));
  });
});
