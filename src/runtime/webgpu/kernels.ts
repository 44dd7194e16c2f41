/**
 * @file Operators for which onnxruntime's provider of WebGPU has no kernel, or one that promises too little, as sums and products.
 *
 * It has none for Round and TopK. Of sin and cos WGSL promises an error of 2^-11 between -π and π, and nothing beyond (W3C, "WebGPU Shading Language",
 * 15.7.4), while the position of a token is an angle of thousands. So, in float32:
 *
 *   round(x) = (x + 3/2 2^23) - 3/2 2^23        for |x| < 2^22: halves of the sum's last bit go to the even neighbour
 *   sin x    = ± sin r or ± cos r               k = round(2 x / π), r = x - k π/2 in [-π/4, π/4], by k mod 4
 *   cos x    = sin of the next quadrant
 *   top k    = those of which fewer than k are larger, or equal and before them: N² comparisons a row, so that rows of a vocabulary stay
 *              what is refused
 *
 * π/2 is taken in three parts, of which the first two have few bits, so that their products with k are exact (Cody & Waite, "Software Manual for the Elementary Functions", 1980).
 * Of sin r and cos r the series of Taylor up to r^9 and r^10 are within 2e-9.
 */

import { shareSubexpressions } from "../../graph/simplify.ts";
import { rewrite } from "../../graph/topology.ts";
import { constant, scalarLike, type Value } from "../../graph/value.ts";
import {
  abs,
  add,
  cast,
  equal,
  less,
  mul,
  scale,
  shift,
  sub,
  where,
} from "../../ops/elementwise.ts";
import { reshape } from "../../ops/movement.ts";
import { reduceSum } from "../../ops/reduce.ts";
import { float32 } from "../../tensor/host-tensor.ts";
import { staticShape } from "../../tensor/shape.ts";

/** The same outputs in operators that a GPU computes as it should. */
export const withKernels = (outputs: readonly Value[]): readonly Value[] =>
  shareSubexpressions(
    rewrite(outputs, ({ type, outputs: [result] }, [x]) => {
      if (x?.dtype !== "float32") return undefined;
      if (type === "TopK") return largestByRank(x, Number(result?.shape.at(-1)));
      if (type === "Round") return [nearest(x)];
      if (type === "Sin") return [sine(x, 0)];
      return type === "Cos" ? [sine(x, 1)] : undefined;
    }),
  );

/** N up to which N² comparisons a row are no burden: experts, not tokens. */
const MOST_COMPARED = 1024;

/** The K largest of the last axis, [..., K], and where they are, as int32; undefined of rows that are too long. */
function largestByRank(x: Value, choices: number): readonly Value[] | undefined {
  const shape = staticShape("largest", x.shape);
  const length = shape.at(-1) ?? 0;
  if (length > MOST_COMPARED) return undefined;
  const own = reshape(x, [...shape, 1]); // [..., N, 1]
  const others = reshape(x, [...shape.slice(0, -1), 1, length]); // [..., 1, N]
  const before = Float32Array.from({ length: length * length }, (_, i) =>
    i % length < Math.floor(i / length) ? 1 : 0,
  );
  const larger = cast(less(own, others), "float32"); // [..., N, N]
  const equalBefore = mul(
    cast(equal(own, others), "float32"),
    constant(float32([length, length], before)),
  );
  const rank = reduceSum(add(larger, equalBefore), { axes: [-1] }); // [..., N]
  const places = reshape(countedTo(choices), [choices, 1]);
  const isThere = equal(reshape(rank, [...shape.slice(0, -1), 1, length]), places); // [..., K, N]
  // Chosen, not multiplied: 0 x -∞, of an expert that is ruled out, is no number.
  const chosen = (values: Value): Value =>
    reduceSum(where(isThere, values, scalarLike(values, 0)), { axes: [-1] }); // [..., K]
  return [chosen(others), cast(chosen(countedTo(length)), "int32")];
}

/** 0 to N - 1. */
const countedTo = (length: number): Value =>
  constant(
    float32(
      [length],
      Float32Array.from({ length }, (_, i) => i),
    ),
  );

/** From here to 2^24 float32 has whole numbers alone. */
const WHOLE = 1.5 * 2 ** 23;

const nearest = (x: Value): Value => shift(shift(x, WHOLE), -WHOLE);

/** π/2 in its first 8 bits, the next 11, and the rest. */
const [FIRST, SECOND] = [201 / 2 ** 7, 1014 / 2 ** 21] as const;
const THIRD = Math.PI / 2 - FIRST - SECOND;

/** sin(x + quadrants π/2). */
function sine(x: Value, quadrants: number): Value {
  const k = nearest(scale(x, 2 / Math.PI));
  const r = sub(sub(sub(x, scale(k, FIRST)), scale(k, SECOND)), scale(k, THIRD));
  const place = shift(k, quadrants);
  const quadrant = sub(place, scale(nearest(scale(place, 1 / 4)), 4)); // -2 to 2
  const square = mul(r, r);
  const isOdd = equal(abs(quadrant), scalarLike(quadrant, 1));
  // Of -2, 0 and 2 the signs of sin r are -1, 1 and -1; of -1 and 1 those of cos r are themselves.
  const ofSine = mul(shift(scale(abs(quadrant), -1), 1), mul(r, series(square, SINE)));
  return where(isOdd, mul(quadrant, series(square, COSINE)), ofSine);
}

/** 1 / n! with alternating signs: of sin r / r and of cos r, by powers of r². */
const SINE: readonly number[] = [1, -1 / 6, 1 / 120, -1 / 5040, 1 / 362_880];
const COSINE: readonly number[] = [1, -1 / 2, 1 / 24, -1 / 720, 1 / 40_320, -1 / 3_628_800];

/** By Horner's rule. */
const series = (square: Value, [first = 0, ...rest]: readonly number[]): Value =>
  rest.length === 0 ? scalarLike(square, first) : shift(mul(square, series(square, rest)), first);
