/**
 * @file In-batch negatives: of all second texts of a batch, which belongs to a first one? Henderson et al., 2017, arXiv:1705.00652;
 * Reimers & Gurevych, "Sentence-BERT", 2019, arXiv:1908.10084.
 *
 *   s_ij = γ cos(a_i, b_j)
 *   L = Σ_i w_i (log Σ_j e^(s_ij) - s_ii)          over the j with w_j > 0
 *
 * Rows of weight 0 fill up a batch: no text, and no negative for another. B pairs, C width.
 */

import { scalarLike, type Value } from "../graph/value.ts";
import { add, cast, div, equal, max, mul, scale, sqrt, where } from "../ops/elementwise.ts";
import { gatherElements } from "../ops/indexing.ts";
import { matmul } from "../ops/matmul.ts";
import { matrixTranspose, reshape, slice } from "../ops/movement.ts";
import { reduceMax, reduceSum, sumSquares } from "../ops/reduce.ts";
import { staticShape } from "../tensor/shape.ts";
import { FORBIDDEN } from "./attention/attention-bias.ts";
import { crossEntropy } from "./loss.ts";
import { range } from "./attention/positions.ts";

/** γ: cosines lie between -1 and 1, which is too narrow for a softmax. */
const SCALE = 20;
/** Of a squared length, so that what has none has a direction: nowhere. */
const SMALLEST_SQUARE = 1e-24;

/** x / ‖x‖ over the last axis. */
export function normalized(x: Value): Value {
  const squares = sumSquares(x, { axes: [-1], keepDims: true });
  return div(x, sqrt(max(squares, scalarLike(x, SMALLEST_SQUARE))));
}

/** The loss of pairs of texts. */
export interface PairLoss {
  readonly loss: Value;
  /** How many first texts are the most similar to their own second ones, by their weights. */
  readonly correct: Value;
}

/**
 * The loss of B pairs.
 *
 * @param vectors - [2 B, C], the first texts and then the second ones in the same order
 * @param weights - [B]
 */
export function pairLoss(vectors: Value, weights: Value): PairLoss {
  const [rows = 0] = staticShape("pairLoss", vectors.shape);
  const pairs = rows / 2;
  const directions = normalized(vectors);
  const a = slice(directions, { axis: 0, start: 0, end: pairs });
  const b = slice(directions, { axis: 0, start: pairs, end: rows });
  const similarities = scale(matmul(a, matrixTranspose(b)), SCALE); // [B, B]
  const scores = add(similarities, hidden(weights));
  const own = range(pairs);
  const ownScore = gatherElements(scores, reshape(own, [pairs, 1]), 1); // [B, 1]
  const isBest = equal(reduceMax(scores, { axes: [1], keepDims: true }), ownScore); // [B, 1]
  return {
    loss: crossEntropy(scores, own, weights),
    correct: reduceSum(mul(reshape(cast(isBest, weights.dtype), [pairs]), weights)),
  };
}

/** A bias against second texts of weight 0, [1, B]. */
function hidden(weights: Value): Value {
  const [pairs = 0] = staticShape("pairLoss", weights.shape);
  const row = reshape(weights, [1, pairs]);
  const forbidden = scalarLike(row, FORBIDDEN);
  return where(equal(row, scalarLike(row, 0)), forbidden, scalarLike(row, 0));
}
