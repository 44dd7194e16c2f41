/** What a teacher said of an example is found again in any batch that has the example, and only there. */

import { describe, expect, it } from "vitest";
import { assemble } from "../../../src/data/batches/batches.ts";
import type { Batch } from "../../../src/models/batch.ts";
import type { LanguageModelSequence } from "../../../src/data/sequences/sequence.ts";
import { float32ToFloat16 } from "../../../src/tensor/half.ts";
import { examplesOf, type Said, taught } from "../../../src/train/teacher/said.ts";

const sequence = (ids: readonly number[], lossFrom: number): LanguageModelSequence => ({
  ids: Int32Array.from(ids),
  lossFrom,
});
const a = sequence([5, 6, 7, 8], 2);
const b = sequence([5, 6, 7, 9, 4, 4], 2);
const batchOf = (rows: readonly LanguageModelSequence[], multiple: number): Batch =>
  assemble(rows, { batchSize: rows.length + 1, pad: 0, multiple });
const keysOf = (batch: Batch) => examplesOf(batch).map(({ key }) => key);

describe("an example", () => {
  it("is the same beside others, in another place and with more padding", () => {
    const [first, second] = keysOf(batchOf([a, b], 1));
    expect(keysOf(batchOf([b, a], 8))).toEqual([second, first]);
    expect(keysOf(batchOf([a], 1))).toEqual([first]);
  });

  it.each([
    ["another token", sequence([5, 6, 7, 3], 2)],
    ["another beginning", sequence([4, 6, 7, 8], 2)],
    ["another first target", sequence([5, 6, 7, 8], 1)],
    ["one token less", sequence([5, 6, 7], 2)],
    ["one token more", sequence([5, 6, 7, 8, 0], 2)],
  ])("is another one with %s", (_, other) => {
    expect(keysOf(batchOf([other], 1))).not.toEqual(keysOf(batchOf([a], 1)));
  });

  it("has the places of its targets that count", () => {
    expect(examplesOf(batchOf([a, b], 8)).map(({ places }) => places)).toEqual([
      [1, 2],
      [9, 10, 11, 12],
    ]);
  });
});

describe("targets with what a teacher says", () => {
  const [key = ""] = keysOf(batchOf([a], 1));
  const said: Said = {
    choices: 2,
    examples: new Map([[key, 1]]),
    ids: Int32Array.of(90, 91, 8, 1, 2, 3),
    shares: float32ToFloat16(Float32Array.of(0.5, 0.5, 0.75, 0.25, 0.5, 0.5)),
  };

  it("are the target and its tokens, whose shares add up to 1", () => {
    const { soft } = taught(batchOf([a], 1), said, 0.4);
    expect(soft?.choices).toBe(3);
    // Of a prompt and of padding there is the target alone.
    expect([...(soft?.ids ?? [])]).toEqual([6, 0, 0, 7, 8, 1, 8, 2, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    const expected = [1, 0, 0, 0.6, 0.3, 0.1, 0.6, 0.2, 0.2, 1, 0, 0, 1, 0, 0, 1, 0, 0];
    for (const [i, share] of (soft?.shares ?? new Float32Array()).entries()) {
      expect(share).toBeCloseTo(expected[i] ?? NaN, 6);
    }
  });

  it("are refused of an example that it was not asked about", () => {
    expect(() => taught(batchOf([b], 1), said, 0.4)).toThrow(
      "teacher: it was not asked about an example of the data",
    );
  });
});
