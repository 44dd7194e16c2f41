/** Batches of blocks, with numbers in place of examples. */

import { expect, it } from "vitest";
import { blockBatches, type BlockOptions } from "../../../src/data/batches/blocks.ts";
import { permutation } from "../../../src/data/batches/permutation.ts";
import { randomKey } from "../../../src/random/key.ts";

interface Reading {
  passes: number;
  examples: number;
  open: number;
}

function streamOf(count: number, changes: Partial<BlockOptions<number, number>> = {}) {
  const reading: Reading = { passes: 0, examples: 0, open: 0 };
  const blocks = blockBatches<number, number>({
    size: 6,
    batchSize: 2,
    key: randomKey(1),
    async *pass() {
      reading.passes += 1;
      reading.open += 1;
      try {
        for (let i = 0; i < count; i++) {
          reading.examples += 1;
          yield await Promise.resolve(i);
        }
      } finally {
        reading.open -= 1;
      }
    },
    batches: (block, key) => ({
      at(index) {
        const order = [...permutation(key, block.length)].map((i) => block[i] ?? -1);
        return order.slice(index * 2, index * 2 + 2);
      },
    }),
    ...changes,
  });
  return { at: blocks.at, reading, release: blocks.release };
}

const positions = Array.from({ length: 15 }, (_, i) => i);

it("takes every example once a pass, whatever the blocks", async () => {
  const { at, reading } = streamOf(10);
  const batches: number[] = [];
  for (const position of positions) batches.push(...(await at(position)));
  // 30 examples are three passes over ten: a block may stand across two.
  const counts = Array.from({ length: 10 }, (_, i) => batches.filter((each) => each === i).length);
  expect(counts).toEqual(Array.from({ length: 10 }, () => 3));
  expect(new Set(batches.slice(0, 6))).toEqual(new Set([0, 1, 2, 3, 4, 5]));
  expect(batches.slice(0, 6)).not.toEqual([0, 1, 2, 3, 4, 5]);
  expect(reading.examples).toBe(30);
});

it("has the same batches from any position on, forwards and backwards", async () => {
  const inOrder = streamOf(10);
  const expected: (readonly number[])[] = [];
  for (const position of positions) expected.push(await inOrder.at(position));
  for (const start of [1, 7, 14]) {
    const { at, reading } = streamOf(10);
    expect(await at(start)).toEqual(expected[start]);
    // One block at a time.
    expect(reading.examples).toBe(6 * (Math.floor(start / 3) + 1));
  }
  const backwards = streamOf(10);
  for (const position of positions.toReversed()) {
    expect(await backwards.at(position)).toEqual(expected[position]);
  }
  expect(backwards.reading.open).toBe(1);
  await backwards.release();
  expect(backwards.reading.open).toBe(0);
});

it("refuses data in which there is nothing", async () => {
  await expect(streamOf(0).at(0)).rejects.toThrow("nothing to learn from");
});
