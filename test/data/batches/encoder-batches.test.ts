/** Batches for encoders, number by number. */

import { describe, expect, it } from "vitest";
import {
  type Batch,
  classBatch,
  encoderInputs,
  maskedBatch,
  pairedBatch,
} from "../../../src/data/index.ts";
import { foldIn, randomKey } from "../../../src/random/key.ts";
import type { Encoding } from "../../../src/text/tokenizers/tokenizer.ts";

const PAD = 9;

const encoding = (...ids: readonly number[]): Encoding => ({
  ids: Int32Array.from(ids),
  tokenTypes: Int32Array.from(ids, (_, i) => Number(i >= 2)),
});

/** The rows of an input. */
function rowsOf({ inputs }: Pick<Batch, "inputs">, name: string): number[][] {
  const { shape = [], data = new Int32Array() } = inputs[name] ?? {};
  const [rows = 0, columns = 0] = shape;
  return Array.from({ length: rows }, (_, row) =>
    Array.from(data.slice(row * columns, (row + 1) * columns), Number),
  );
}

const padding = { batchSize: 3, pad: PAD, multiple: 4, contextLength: 6 };

describe("encoderInputs", () => {
  it("fills rows up on the right, and tells tokens from padding and texts from each other", () => {
    const read = encoderInputs([encoding(1, 2, 3), encoding(4)], 3, padding);
    expect(rowsOf(read, "ids")).toEqual([
      [1, 2, 3, PAD],
      [4, PAD, PAD, PAD],
      [PAD, PAD, PAD, PAD],
    ]);
    expect(rowsOf(read, "attentionMask")).toEqual([
      [1, 1, 1, 0],
      [1, 0, 0, 0],
      [0, 0, 0, 0],
    ]);
    expect(rowsOf(read, "tokenTypes")).toEqual([
      [0, 0, 1, 0],
      [0, 0, 0, 0],
      [0, 0, 0, 0],
    ]);
    expect(read).toMatchObject({ size: 3, tokens: 4 });
  });

  it("rounds lengths up, but not beyond the context", () => {
    const { inputs } = encoderInputs([encoding(1, 2, 3, 4, 5)], 1, padding);
    expect(inputs["ids"]?.shape).toEqual([1, 6]);
  });
});

it("classBatch has a target a row", () => {
  const rows = [
    { ...encoding(1, 2), label: 1 },
    { ...encoding(3), label: 2 },
  ];
  const batch = classBatch(rows, padding);
  expect(rowsOf(batch, "ids")).toHaveLength(3);
  expect(batch.targets).toEqual(Int32Array.of(1, 2, 0));
  expect(batch.weights).toEqual(Float32Array.of(1, 1, 0));
  expect(batch).toMatchObject({ size: 3, tokens: 3, lossTokens: 2 });
});

it("pairedBatch has the first texts before the second ones, and rows of padding behind both", () => {
  const pairs = [
    { first: encoding(1), second: encoding(2, 3) },
    { first: encoding(4, 5, 6), second: encoding(7) },
  ];
  const batch = pairedBatch(pairs, padding);
  expect(rowsOf(batch, "ids").map((row) => row.filter((id) => id !== PAD))).toEqual([
    [1],
    [4, 5, 6],
    [],
    [2, 3],
    [7],
    [],
  ]);
  expect(batch.weights).toEqual(Float32Array.of(1, 1, 0));
  expect(batch).toMatchObject({ size: 6, tokens: 7, lossTokens: 2 });
});

describe("maskedBatch", () => {
  const masking = { mask: 8, vocabularySize: 8, specialTokens: new Set([0, 8]) };
  const rows = [encoding(0, 1, 2, 3, 4, 5, 6, 7, 1, 2, 3, 0), encoding(0, 7, 0)];
  const options = { batchSize: 3, pad: PAD, multiple: 4, masking };
  const batchOf = (seed: number) => maskedBatch(rows, { ...options, key: randomKey(seed) });

  it("has as many places a row as its longest text needs, and fills the rest with weight 0", () => {
    const batch = batchOf(1);
    // 12 tokens a row; of 10 and of 1 that are text, 2 and 1 are hidden.
    expect(rowsOf(batch, "ids")[0]).toHaveLength(12);
    expect(batch.inputs["chosen"]?.shape).toEqual([3, 2]);
    expect(batch.weights).toEqual(Float32Array.of(1, 1, 1, 0, 0, 0));
    expect(batch).toMatchObject({ size: 3, tokens: 15, lossTokens: 3 });
  });

  it("points at the hidden tokens in the whole batch, and asks for what they were", () => {
    for (let seed = 0; seed < 30; seed += 1) {
      const { inputs, targets, weights } = batchOf(seed);
      const places = Array.from(inputs["chosen"]?.data ?? [], Number);
      const originals = rows.flatMap(({ ids }) => [
        ...ids,
        ...Array.from({ length: 12 - ids.length }, () => PAD),
      ]);
      for (const [i, place] of places.entries()) {
        if (weights[i] === 0) continue;
        expect(Math.floor(place / 12)).toBe(Math.floor(i / 2));
        expect(targets[i]).toBe(originals[place]);
      }
    }
  });

  it("hides other tokens in each row, and with each key", () => {
    const same = maskedBatch(
      [rows[0], rows[0]].flatMap((row) => row ?? []),
      {
        ...options,
        key: foldIn(randomKey(3), 7),
      },
    );
    const [first, second] = rowsOf(same, "chosen");
    expect(first).not.toEqual(second?.map((place) => place - 12));
    expect(batchOf(1)).toEqual(batchOf(1));
    expect(rowsOf(batchOf(1), "chosen")).not.toEqual(rowsOf(batchOf(2), "chosen"));
  });
});
