/** Batches of images: order, padding and what the random views do to pixels. */

import { describe, expect, it } from "vitest";
import {
  type Augmentation,
  type Batch,
  imageBatch,
  imageBatches,
  imagesOf,
} from "../../../src/data/index.ts";
import { imageProcessor } from "../../../src/images/index.ts";
import { randomKey } from "../../../src/random/key.ts";

const [HEIGHT, WIDTH] = [6, 5];
/** Values are the bytes themselves, and black is 0. */
const processor = imageProcessor(
  { do_rescale: false, do_normalize: false },
  { channels: 3, height: HEIGHT, width: WIDTH },
);
const SIZE = HEIGHT * WIDTH * 3;

/** No byte is 0, and those of an image are different. */
const imagesUpTo = (count: number) =>
  imagesOf(
    Uint8Array.from({ length: count * SIZE }, (_, i) => 1 + (i % SIZE)),
    Array.from({ length: count }, (_, i) => i),
  );

const numbersOf = ({ inputs }: Batch): readonly number[] =>
  Array.from(inputs["pixels"]?.data ?? [], Number);

/** The place of a channel, a row and a column in an image of a batch. */
const at = (channel: number, y: number, x: number) => (channel * HEIGHT + y) * WIDTH + x;

describe("imageBatch", () => {
  it("has channels before rows, and ends in black images of weight 0", () => {
    const options = { batchSize: 3, processor, tokensPerImage: 7 };
    const batch = imageBatch(
      [2, 0].flatMap((i) => imagesUpTo(4).slice(i, i + 1)),
      options,
    );
    expect(batch).toMatchObject({ size: 3, tokens: 14, lossTokens: 2 });
    expect([...batch.targets]).toEqual([2, 0, 0]);
    expect([...batch.weights]).toEqual([1, 1, 0]);
    expect(batch.inputs["pixels"]?.shape).toEqual([3, 3, HEIGHT, WIDTH]);
    const numbers = numbersOf(batch);
    expect(numbers[at(1, 2, 3)]).toBe(1 + (2 * WIDTH + 3) * 3 + 1);
    expect(numbers[SIZE + at(2, 5, 4)]).toBe(SIZE);
    expect(new Set(numbers.slice(2 * SIZE))).toEqual(new Set([0]));
  });
});

describe("imageBatches", () => {
  const source = (count: number, augmentation: Augmentation = "none") =>
    imageBatches(imagesUpTo(count), {
      batchSize: 4,
      processor,
      tokensPerImage: 1,
      key: randomKey(3),
      augmentation,
    });

  it("takes every image once an epoch, in another order each time", () => {
    const { batchesPerEpoch, batchAt } = source(10);
    expect(batchesPerEpoch).toBe(3);
    const epochs = [0, 1].map((epoch) =>
      [0, 1, 2].flatMap((i) => {
        const { targets, lossTokens } = batchAt(3 * epoch + i);
        return [...targets.subarray(0, lossTokens)];
      }),
    );
    for (const labels of epochs) {
      expect(labels.toSorted((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    }
    expect(epochs[0]).not.toEqual(epochs[1]);
  });

  it.each(["none", "flip", "crop"] as const)(
    "depends on the position alone, %s",
    (augmentation) => {
      const batch = source(10, augmentation).batchAt(5);
      const again = source(10, augmentation);
      again.batchAt(1);
      expect(again.batchAt(5)).toEqual(batch);
    },
  );

  /** How an image of the batch was looked at, by where its pixels are. */
  function viewOf(numbers: readonly number[]) {
    for (const isMirrored of [false, true]) {
      for (let down = -4; down <= 4; down += 1) {
        for (let right = -4; right <= 4; right += 1) {
          const expected = Array.from({ length: SIZE }, (_, i) => {
            const [channel, y, x] = [Math.floor(i / 30), Math.floor(i / WIDTH) % HEIGHT, i % WIDTH];
            const fromX = isMirrored ? WIDTH - 1 - (x - right) : x - right;
            const isInside = y - down >= 0 && y - down < HEIGHT && fromX >= 0 && fromX < WIDTH;
            return isInside ? 1 + ((y - down) * WIDTH + fromX) * 3 + channel : 0;
          });
          if (expected.join() === numbers.join()) return { isMirrored, down, right };
        }
      }
    }
    throw new Error("no such view");
  }

  it.each([
    ["none", 1],
    ["flip", 2],
    // Of 162 all that 400 draws are likely to have.
    ["crop", 130],
  ] as const)("has the views of %s, at least %d", (augmentation, least) => {
    const { batchAt } = source(400, augmentation);
    const views = Array.from({ length: 100 }, (_, i) => numbersOf(batchAt(i))).flatMap((numbers) =>
      [0, 1, 2, 3].map((row) => viewOf(numbers.slice(row * SIZE, (row + 1) * SIZE))),
    );
    const kinds = new Set(views.map((view) => JSON.stringify(view)));
    expect(kinds.size).toBeGreaterThanOrEqual(least);
    expect(kinds.size).toBeLessThanOrEqual(augmentation === "crop" ? 162 : least);
    if (augmentation === "flip") {
      const mirrored = views.filter(({ isMirrored }) => isMirrored).length;
      expect(mirrored).toBeGreaterThan(150);
      expect(mirrored).toBeLessThan(250);
      expect(views.every(({ down, right }) => down === 0 && right === 0)).toBe(true);
    }
  });
});
