/** @file Dropout: Srivastava et al., JMLR 15, 2014, in its inverted form: y = x mask / (1 - rate). */

import type { Value } from "../graph/value.ts";
import { cast, mul, scale } from "../ops/elementwise.ts";
import type { Shape } from "../tensor/shape.ts";

/** Where masks come from. Without one nothing is dropped. */
export interface DropoutMasks {
  /** A mask of 0 and 1 (uint8), 1 with probability 1 - rate; the same name is the same mask. */
  mask(name: string, shape: Shape, rate: number): Value;
  /** Noise on the embeddings of tokens, [B, T, C] float32; absent where there is none. */
  noise?(shape: Shape): Value;
}

/** x with elements dropped at `rate`, when training. */
export function dropout(
  x: Value,
  name: string,
  rate: number,
  masks: DropoutMasks | undefined,
): Value {
  if (!masks || rate === 0) return x;
  // The mask meets the derivative as it is fed, a byte an element.
  return mul(scale(x, 1 / (1 - rate)), cast(masks.mask(name, x.shape, rate), x.dtype));
}
