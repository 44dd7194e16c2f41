/**
 * @file How the vectors of tokens become one of a text, by the names that sentence-transformers gives the ways. With a mask m and
 * vectors x of T tokens:
 *
 *   mean                   Σ m_t x_t / Σ m_t
 *   mean_sqrt_len_tokens   Σ m_t x_t / √Σ m_t
 *   weightedmean           Σ t m_t x_t / Σ t m_t,  t from 1 on
 *   cls                    x of the first token
 *   lasttoken              x of the last token of the mask
 *   max                    the largest of each coordinate
 *
 * Tokens stand before padding. B batch, T sequence, C width.
 */

import { tensorAt } from "../graph/tensors.ts";
import { scalarLike, type Value } from "../graph/value.ts";
import { range } from "../nn/attention/positions.ts";
import { add, cast, div, max, mul, scale, shift, sqrt, sub } from "../ops/elementwise.ts";
import { matmul } from "../ops/matmul.ts";
import { concat, pad, reshape, slice } from "../ops/movement.ts";
import { reduceMax, reduceSum } from "../ops/reduce.ts";
import { staticShape } from "../tensor/shape.ts";
import type { Model } from "./model.ts";
import { defineStage } from "./stage.ts";

/** Ways to make one vector of many. */
export const POOLING_MODES = [
  "cls",
  "max",
  "mean",
  "mean_sqrt_len_tokens",
  "weightedmean",
  "lasttoken",
] as const;

export type PoolingMode = (typeof POOLING_MODES)[number];

/** A model of vectors whose last stage is this pooling: [B, 1, C], or of several ways beside each other [B, 1, n C]. */
export function withPooling(model: Model, modes: readonly PoolingMode[]): Model {
  const stage = defineStage({
    kind: `pool ${modes.join(", ")}`,
    specs: {},
    reads: ["attentionMask"],
    forward(x, _, { inputs = {} }) {
      const mask = cast(tensorAt(inputs, "attentionMask"), x.dtype); // [B, T]
      return concat(
        modes.map((mode) => POOLINGS[mode](x, mask)),
        2,
      );
    },
  });
  return {
    ...model,
    stages: [...model.stages.slice(0, -1), stage],
    width: modes.length * model.width,
  };
}

/** [B, T, C] with a mask [B, T] to [B, 1, C]. */
type Pooling = (x: Value, mask: Value) => Value;

const POOLINGS: Readonly<Record<PoolingMode, Pooling>> = {
  mean: (x, mask) => weighted(x, mask, total(mask)),
  mean_sqrt_len_tokens: (x, mask) => weighted(x, mask, sqrt(total(mask))),
  weightedmean(x, mask) {
    const [, length = 0] = staticShape("mask", mask.shape);
    const places = shift(cast(range(length), x.dtype), 1); // [T]
    const weights = mul(mask, places);
    return weighted(x, weights, total(weights));
  },
  cls: (x) => slice(x, { axis: 1, start: 0, end: 1 }),
  lasttoken(x, mask) {
    const [, length = 0] = staticShape("mask", mask.shape);
    const next = pad(slice(mask, { axis: 1, start: 1, end: length }), {
      axis: 1,
      before: 0,
      after: 1,
    });
    return weighted(x, sub(mask, next), undefined);
  },
  max(x, mask) {
    const [batch = 0, length = 0] = mask.shape;
    const hidden = scale(shift(mask, -1), LARGE);
    return reduceMax(add(x, reshape(hidden, [batch, length, 1])), { axes: [1], keepDims: true });
  },
};

/** What no token comes near. */
const LARGE = 1e30;

/** Rows that fill up a batch have no tokens. */
const total = (weights: Value): Value => {
  const [batch = 0] = weights.shape;
  const sum = reduceSum(weights, { axes: [1], keepDims: true }); // [B, 1]
  return reshape(max(sum, scalarLike(sum, 1e-9)), [batch, 1, 1]);
};

function weighted(x: Value, weights: Value, sum: Value | undefined): Value {
  const [batch = 0, length = 0] = weights.shape;
  const added = matmul(reshape(weights, [batch, 1, length]), x); // [B, 1, C]
  return sum ? div(added, sum) : added;
}
