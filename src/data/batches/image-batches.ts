/**
 * @file Batches of images with their classes. All images are in memory, as bytes; a batch has the numbers that the model reads.
 *
 * An image may be mirrored and moved by up to 4 pixels, with black where it was not, so that an epoch never repeats another: the
 * "standard augmentation" of CIFAR, He et al., 2015, arXiv:1512.03385, section 4.2.
 */

import type { ImageProcessor } from "../../images/index.ts";
import { integers } from "../../random/integers.ts";
import { foldIn } from "../../random/key.ts";
import { float32 } from "../../tensor/host-tensor.ts";
import type { Batch, BatchSource } from "./batches.ts";
import { batchesOf, type EpochOptions, sortedEpochs, type Taken } from "./epochs.ts";

/** An image in memory, with its class. */
export interface ClassifiedImage {
  /** [height, width, channels] */
  readonly pixels: Uint8Array;
  /** The id of its class. */
  readonly label: number;
}

/** Images of one size whose bytes stand one after another. @param pixels - [N, height, width, channels] */
export const imagesOf = (
  pixels: Uint8Array,
  labels: readonly number[],
): readonly ClassifiedImage[] => {
  const size = pixels.length / labels.length;
  return labels.map((label, i) => ({ pixels: pixels.subarray(i * size, (i + 1) * size), label }));
};

/** Nothing, mirrored or not, or that and moved. */
export const AUGMENTATIONS = ["none", "flip", "crop"] as const;
/** The name of a way in which images are varied from epoch to epoch. */
export type Augmentation = (typeof AUGMENTATIONS)[number];

/** How images become batches. */
export interface ImageBatchOptions {
  readonly batchSize: number;
  readonly processor: ImageProcessor;
  /** T of the model, for what is counted. */
  readonly tokensPerImage: number;
}

/** Every image once an epoch, in a random order; the last batch may end in black images of weight 0. */
export function imageBatches(
  images: readonly ClassifiedImage[],
  options: ImageBatchOptions &
    Pick<EpochOptions<unknown>, "key" | "order"> &
    Taken<ClassifiedImage> & { readonly augmentation: Augmentation },
): BatchSource {
  const { key, augmentation, take } = options;
  const epochs = sortedEpochs(images, { ...options, compare: () => 0 });
  return batchesOf(
    epochs,
    (rows, position) => {
      const draw = integers(foldIn(foldIn(key, "augmentation"), position));
      return imageBatch(rows, options, () => VIEWS[augmentation](draw));
    },
    take,
  );
}

/** How an image is looked at. */
export interface View {
  readonly isMirrored: boolean;
  /** Pixels that it has moved down and to the right. */
  readonly down: number;
  readonly right: number;
}

const AS_IT_IS: View = { isMirrored: false, down: 0, right: 0 };
const LARGEST_MOVE = 4;

const VIEWS: Readonly<Record<Augmentation, (draw: (bound: number) => number) => View>> = {
  none: () => AS_IT_IS,
  flip: (draw) => ({ ...AS_IT_IS, isMirrored: draw(2) === 1 }),
  crop: (draw) => ({
    isMirrored: draw(2) === 1,
    down: draw(2 * LARGEST_MOVE + 1) - LARGEST_MOVE,
    right: draw(2 * LARGEST_MOVE + 1) - LARGEST_MOVE,
  }),
};

/** At most B images. */
export function imageBatch(
  images: readonly ClassifiedImage[],
  { batchSize, processor, tokensPerImage }: ImageBatchOptions,
  nextView: () => View = () => AS_IT_IS,
): Batch {
  const { height, width, channels } = processor;
  const size = height * width * channels;
  const values = new Float32Array(batchSize * size);
  const targets = new Int32Array(batchSize);
  for (const [row, { pixels, label }] of images.entries()) {
    writeValues(pixels, processor, nextView(), values.subarray(row * size, (row + 1) * size));
    targets[row] = label;
  }
  return {
    size: batchSize,
    inputs: { pixels: float32([batchSize, channels, height, width], values) },
    targets,
    weights: new Float32Array(batchSize).fill(1, 0, images.length),
    tokens: images.length * tokensPerImage,
    lossTokens: images.length,
  };
}

/** An image [height, width, channels] as numbers [channels, height, width]. */
function writeValues(
  image: Uint8Array,
  { height, width, channels, values }: ImageProcessor,
  { isMirrored, down, right }: View,
  out: Float32Array,
): void {
  for (let y = 0; y < height; y += 1) {
    const fromY = y - down;
    for (let x = 0; x < width; x += 1) {
      const moved = x - right;
      const fromX = isMirrored ? width - 1 - moved : moved;
      const isInside = fromY >= 0 && fromY < height && fromX >= 0 && fromX < width;
      const pixel = (fromY * width + fromX) * channels;
      for (let channel = 0; channel < channels; channel += 1) {
        const byte = isInside ? (image[pixel + channel] ?? 0) : 0;
        out[(channel * height + y) * width + x] = values[channel * 256 + byte] ?? 0;
      }
    }
  }
}
