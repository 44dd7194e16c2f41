/**
 * @file The embedding of tokens, with noise in training where that is asked for: NEFTune, Jain et al., ICLR 2024, arXiv:2310.05914.
 *
 *   x = W[ids] + α / √(T C) u,   u uniform between -1 and 1
 *
 * T is the length of the rows of a batch, padding and all, as in transformers.
 */

import type { Value } from "../graph/value.ts";
import { add } from "../ops/elementwise.ts";
import type { DropoutMasks } from "./dropout.ts";
import { embedding, type EmbeddingSpec } from "./linear.ts";
import type { ParamsOf } from "./params.ts";

/** Rows of the table, [B, T] to [B, T, C], with the noise of `masks` on them, if it has any. */
export function tokenEmbedding(
  ids: Value,
  p: ParamsOf<EmbeddingSpec>,
  masks: DropoutMasks | undefined,
): Value {
  const x = embedding(ids, p); // [B, T, C]
  const noise = masks?.noise?.(x.shape);
  return noise ? add(x, noise) : x;
}

/** α / √(T C), the largest noise on an element. */
export const noiseBound = (alpha: number, [, length = 1, width = 1]: readonly number[]): number =>
  alpha / Math.sqrt(length * width);
