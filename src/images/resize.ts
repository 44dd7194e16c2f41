/**
 * @file Resizing as Pillow does it, to the bit: what transformers' image processors of the PIL backend compute.
 *
 *   y[i] = Σ_j w((j + ½ - c) / s) x[j] / Σ_j w((j + ½ - c) / s),    c = (i + ½) n_in / n_out,  s = max(1, n_in / n_out)
 *
 * along rows, rounded to bytes, and then along columns. The filter w is as wide as the pixels of the result, so that all pixels of
 * the source count. Weights are integers in units of 2⁻²².
 *
 * https://pillow.readthedocs.io/en/stable/handbook/concepts.html#filters
 */

import { type Bitmap, type ImageSize, sameSize } from "./bitmap.ts";

interface Filter {
  /** w is 0 beyond it. */
  readonly support: number;
  /** w of a distance, at least 0. */
  readonly weight: (distance: number) => number;
}

const sinc = (x: number): number => (x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x));

/** Keys, "Cubic convolution interpolation for digital image processing", 1981, with a = -½. */
const keys = (x: number): number =>
  x < 1 ? (1.5 * x - 2.5) * x * x + 1 : ((-0.5 * x + 2.5) * x - 4) * x + 2;

/** The filters with which images are resized, as Pillow has them. */
export type FilterName = "lanczos" | "bilinear" | "bicubic";

const FILTERS: Readonly<Record<FilterName, Filter>> = {
  lanczos: { support: 3, weight: (x) => sinc(x) * sinc(x / 3) },
  bilinear: { support: 1, weight: (x) => 1 - x },
  bicubic: { support: 2, weight: keys },
};

/** An image of another size; the same one if it has that size. */
export function resize(image: Bitmap, to: ImageSize, filter: FilterName): Bitmap {
  if (sameSize(image, to)) return image;
  const { height, width, channels } = image;
  // Rows first, so that columns go over fewer pixels where the image shrinks.
  const wide = resample(image.data, FILTERS[filter], {
    outer: height,
    from: width,
    to: to.width,
    inner: channels,
  });
  const data = resample(wide, FILTERS[filter], {
    outer: 1,
    from: height,
    to: to.height,
    inner: to.width * channels,
  });
  return { data, ...to, channels };
}

/** An array [outer, from, inner] whose middle axis becomes `to` long. */
interface Axes {
  readonly outer: number;
  readonly from: number;
  readonly to: number;
  readonly inner: number;
}

const PRECISION = 22;

function resample(source: Uint8Array, filter: Filter, axes: Axes): Uint8Array {
  const { outer, from, to, inner } = axes;
  if (from === to) return source;
  const target = new Uint8ClampedArray(outer * to * inner);
  const windows = windowsOf(filter, from, to);
  for (let row = 0; row < outer; row += 1) {
    for (const [i, { start, weights }] of windows.entries()) {
      const begin = (row * from + start) * inner;
      const at = (row * to + i) * inner;
      for (let k = 0; k < inner; k += 1) {
        let sum = 1 << (PRECISION - 1);
        for (let j = 0; j < weights.length; j += 1) {
          sum += (weights[j] ?? 0) * (source[begin + j * inner + k] ?? 0);
        }
        target[at + k] = sum >> PRECISION;
      }
    }
  }
  return new Uint8Array(target.buffer);
}

/** The pixels that a pixel of the result is a mean of. */
interface Window {
  readonly start: number;
  readonly weights: Int32Array;
}

function windowsOf({ support, weight }: Filter, from: number, to: number): readonly Window[] {
  const ratio = from / to;
  const scale = Math.max(1, ratio);
  return Array.from({ length: to }, (_, i) => {
    const center = (i + 0.5) * ratio;
    const start = Math.max(0, Math.floor(center - support * scale + 0.5));
    const end = Math.min(from, Math.floor(center + support * scale + 0.5));
    const weights = Array.from({ length: end - start }, (__, j) => {
      const distance = Math.abs((start + j - center + 0.5) / scale);
      return distance < support ? weight(distance) : 0;
    });
    const total = weights.reduce((sum, w) => sum + w, 0);
    return { start, weights: Int32Array.from(weights, (w) => toInteger(w / total)) };
  });
}

/** The nearest integer in units of 2⁻²²; halves away from 0. */
const toInteger = (w: number): number => Math.trunc(w * 2 ** PRECISION + Math.sign(w) * 0.5);
