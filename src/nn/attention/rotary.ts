/**
 * @file Rotary position embedding: Su et al., "RoFormer", 2021, arXiv:2104.09864, with the two
 * halves of a head as coordinates, as in the checkpoints of Llama.
 *
 *   θ = position f_i                                     i = 0 .. R / 2 - 1
 *   y_i         = s (x_i cos θ - x_(i + R/2) sin θ)
 *   y_(i + R/2) = s (x_(i + R/2) cos θ + x_i sin θ)
 *   dx = the same function of dy, with -θ
 *
 * B batch, T sequence, H heads, D head width, R ≤ D coordinates that turn; the others stay. B and
 * T may be names.
 */

import { ShapeError } from "../../errors.ts";
import { customVjp } from "../../graph/op.ts";
import { constant, type Value } from "../../graph/value.ts";
import { add, cast, cos, mul, neg, scale, sin, sub } from "../../ops/elementwise.ts";
import { concat, reshape, slice, split } from "../../ops/movement.ts";
import type { DType } from "../../tensor/dtype.ts";
import { float32 } from "../../tensor/host-tensor.ts";
import type { RotaryFrequencies } from "./rotary-frequencies.ts";

/** The heads that are turned, and how fast. */
export interface RotaryOptions extends RotaryFrequencies {
  /** H */
  readonly heads: number;
}

/**
 * Queries or keys, turned by their positions.
 *
 * @param x - [B, T, H D]
 * @param positions - [B, T] or [1, T], int32
 * @returns [B, T, H D]
 * @throws {ShapeError} if heads do not divide the width, or have fewer coordinates than turn.
 */
export function rotary(
  x: Value,
  positions: Value,
  { heads, inverseFrequencies, attentionScaling }: RotaryOptions,
): Value {
  const [batch = 1, length = 1, width] = x.shape;
  const size = Number(width) / heads;
  const turning = 2 * inverseFrequencies.length;
  if (!Number.isInteger(size) || turning > size) {
    const message = `rotary: ${heads} heads cannot turn ${turning} coordinates each`;
    throw new ShapeError(message, { x: x.shape });
  }
  const angles = anglesOf(positions, inverseFrequencies, x.dtype); // [B, T, 1, R / 2]
  const scaled = (y: Value) => (attentionScaling === 1 ? y : scale(y, attentionScaling));
  const turn = [scaled(cos(angles)), scaled(sin(angles))] as const;
  const perHead = reshape(x, [batch, length, heads, size]); // [B, T, H, D]
  if (turning === size) return reshape(rotate([perHead, ...turn]), x.shape);
  const turned = rotate([slice(perHead, { axis: 3, start: 0, end: turning }), ...turn]);
  const rest = slice(perHead, { axis: 3, start: turning, end: size });
  return reshape(concat([turned, rest], 3), x.shape);
}

/** Positions [B, T] times frequencies, [B, T, 1, R / 2]. */
function anglesOf(positions: Value, frequencies: readonly number[], dtype: DType): Value {
  const row = constant(float32([frequencies.length], Float32Array.from(frequencies)));
  const column = reshape(positions, [...positions.shape, 1, 1]);
  return mul(cast(column, dtype), cast(row, dtype));
}

type Turn = readonly [x: Value, cosine: Value, sine: Value];

/** [B, T, H, R], turned by angles whose cosine and sine are [B, T, 1, R / 2]. */
const rotate: (inputs: Turn) => Value = customVjp<Turn>("rotate", {
  body([x, cosine, sine]) {
    const [a, b] = split(x, 2);
    if (!a || !b) throw new Error("internal: two halves expected");
    return concat([sub(mul(a, cosine), mul(b, sine)), add(mul(b, cosine), mul(a, sine))], -1);
  },
  // Positions are integers: nothing flows into the angles.
  vjp: (dy, [, cosine, sine]) => [rotate([dy, cosine, neg(sine)]), undefined, undefined],
});
