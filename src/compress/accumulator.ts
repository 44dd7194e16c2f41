/**
 * @file Where the gradients of a step add up: whole, compressed (FLORA's Algorithm 1; Hao, Cao & Mou, ICML 2024,
 * arXiv:2402.03293), and either of them in eight bits.
 *
 *   dense       S ← S + G                            [n, m]
 *   compressed  C ← C + G Aᵀ                         [n, r]
 *   decayed     C ← β C                              where the sum is a momentum, too (`carried-momentum.ts`)
 *   int8        x = q s + Δ,  s ← max |x| / 127,  q ← round(x / s)       by blocks of 256 elements, a scale each
 *
 * `compress` is a product with the product that G is, and the graph is multiplied in the cheapest order (`reassociate`): a
 * compressed gradient never exists whole.
 */

import { type Tensors, tensorAt } from "../graph/tensors.ts";
import { scalarLike, type Value } from "../graph/value.ts";
import { abs, add, cast, div, equal, mul, round, scale, where } from "../ops/elementwise.ts";
import { pad, reshape, slice } from "../ops/movement.ts";
import { reduceMax } from "../ops/reduce.ts";
import { compress, compressedShape, matrixOf, type Projection } from "./projection.ts";
import type { StateSpec } from "../optim/transform.ts";

/** The accumulator of one parameter: what it stores, how gradients enter and how their sum leaves. */
export interface Accumulator {
  /** What is stored, by name. */
  readonly state: Readonly<Record<string, StateSpec>>;
  /** The accumulator with one more gradient in it; `a` is the projection matrix, if there is one. */
  accumulate(state: Tensors, gradient: Value, a: Value | undefined): Tensors;
  /** The sum of the gradients, as it was stored. */
  sum(state: Tensors): Value;
  /** What of the accumulator changes where this share of its sum is left. */
  decayed(state: Tensors, share: number): Tensors;
}

export const ACCUMULATOR_DTYPES = ["float32", "int8"] as const;
export type AccumulatorDType = (typeof ACCUMULATOR_DTYPES)[number];

export interface AccumulatorOptions {
  readonly projection: Projection | undefined;
  /** float32 by default. */
  readonly dtype?: AccumulatorDType;
}

/** The accumulator of a parameter of this shape. */
export function accumulator(
  shape: readonly number[],
  { projection, dtype = "float32" }: AccumulatorOptions,
): Accumulator {
  const stored = projection ? compressedShape(shape, projection) : shape;
  const addend = (gradient: Value, a: Value | undefined): Value =>
    projection ? compress(gradient, matrixOf(a), projection) : gradient;
  return dtype === "int8" ? quantized(stored, addend) : plain(stored, addend);
}

/** The accumulator of some rows of a parameter, into which the gradients of all its rows go. */
export const takingRows = (
  own: Accumulator,
  { start, end }: { readonly start: number; readonly end: number },
): Accumulator => ({
  ...own,
  accumulate: (state, gradient, a) =>
    own.accumulate(state, slice(gradient, { axis: 0, start, end }), a),
});

type Addend = (gradient: Value, a: Value | undefined) => Value;

const plain = (shape: readonly number[], addend: Addend): Accumulator => ({
  state: { sum: { shape, initial: 0 } },
  accumulate: (state, gradient, a) => ({ sum: add(tensorAt(state, "sum"), addend(gradient, a)) }),
  sum: (state) => tensorAt(state, "sum"),
  decayed: (state, share) => ({ sum: scale(tensorAt(state, "sum"), share) }),
});

/** Elements that share a scale. */
const BLOCK = 256;
const LARGEST = 127;

function quantized(shape: readonly number[], addend: Addend): Accumulator {
  const count = shape.reduce((n, dim) => n * dim, 1);
  const blocks = Math.ceil(count / BLOCK);
  const padding = blocks * BLOCK - count;

  /** [...] to [blocks, 256], filled up with zeros. */
  function inBlocks(x: Value): Value {
    const flat = reshape(x, [count]);
    const full = padding === 0 ? flat : pad(flat, { axis: 0, before: 0, after: padding });
    return reshape(full, [blocks, BLOCK]);
  }
  const decoded = (state: Tensors): Value =>
    mul(cast(tensorAt(state, "values"), "float32"), tensorAt(state, "scales")); // [blocks, 256]

  return {
    state: {
      values: { shape: [blocks, BLOCK], initial: 0, dtype: "int8" },
      scales: { shape: [blocks, 1], initial: 0 },
    },
    accumulate(state, gradient, a) {
      const x = add(decoded(state), inBlocks(addend(gradient, a)));
      const largest = reduceMax(abs(x), { axes: [-1], keepDims: true });
      const scales = div(largest, scalarLike(largest, LARGEST));
      // A block of zeros has the scale 0, and divides by 1 instead.
      const divisor = where(equal(scales, scalarLike(scales, 0)), scalarLike(scales, 1), scales);
      return { values: cast(round(div(x, divisor)), "int8"), scales };
    },
    sum(state) {
      const flat = reshape(decoded(state), [blocks * BLOCK]);
      return reshape(padding === 0 ? flat : slice(flat, { axis: 0, start: 0, end: count }), shape);
    },
    decayed: (state, share) => ({ scales: scale(tensorAt(state, "scales"), share) }),
  };
}
