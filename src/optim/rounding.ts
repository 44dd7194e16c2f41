/**
 * @file From float32 to sixteen bits: to the nearest number, or to one of the two neighbours at random, so that the mean is exact
 * and updates smaller than half a step are not lost (Gupta et al., "Deep Learning with Limited Numerical Precision", ICML 2015,
 * arXiv:1502.02551).
 *
 *   ulp(x) = ufp(x) 2^-p            p = 10 fraction bits of float16, 7 of bfloat16
 *   SR(x)  = ⌊x / ulp(x) + u⌋ ulp(x)        u uniform from [0, 1)
 *
 * ufp(x), the largest power of 2 that is at most |x|, takes four operations: Rump, Ogita & Oishi, "Accurate Floating-Point
 * Summation Part I", SIAM J. Sci. Comput. 31, 2008, Algorithm 3.5:
 *
 *   q = (2^23 + 1) x,   ufp(x) = |q - (1 - 2^-24) q|
 */

import { scalarLike, type Value } from "../graph/value.ts";
import { abs, add, cast, max, mul, div, round, scale, shift, sub } from "../ops/elementwise.ts";

/** Element types in which weights may rest. */
export const WEIGHT_DTYPES = ["float32", "float16", "bfloat16"] as const;
/** How a weight rests. */
export type WeightDType = (typeof WEIGHT_DTYPES)[number];

/** Floats of sixteen bits. */
export type HalfDType = "float16" | "bfloat16";

/** How weights in sixteen bits take an update; master: through a copy in float32, of which they are the nearest. */
export const WEIGHT_UPDATES = ["stochastic", "nearest", "master"] as const;
/** How a weight in sixteen bits takes an update. */
export type WeightUpdate = (typeof WEIGHT_UPDATES)[number];

interface Format {
  readonly fractionBits: number;
  /** The exponent below which steps no longer shrink: that of the smallest normal number, or of the smallest normal step in float32. */
  readonly smallestExponent: number;
}

const FORMATS: Readonly<Record<HalfDType, Format>> = {
  float16: { fractionBits: 10, smallestExponent: -14 },
  bfloat16: { fractionBits: 7, smallestExponent: -118 },
};

/** The nearest number, the even one of two. */
export const roundToNearest = (x: Value, dtype: HalfDType): Value => cast(x, dtype);

/** Random bits an entry that a sum with a number of p + 1 bits leaves room for in float32, whose fraction has 24 with the leading 1. */
export const noiseBits = (dtype: HalfDType): number => 22 - FORMATS[dtype].fractionBits;

/**
 * One of the two neighbours, at random.
 *
 * @param noise - uint16 of the shape of x, of `noiseBits` bits each: u = (noise + 1/2) / 2^bits
 */
export function roundStochastically(x: Value, noise: Value, dtype: HalfDType): Value {
  const { fractionBits, smallestExponent } = FORMATS[dtype];
  const q = scale(x, 2 ** 23 + 1);
  const power = abs(sub(q, scale(q, 1 - 2 ** -24))); // ufp(x)
  const normal = max(power, scalarLike(power, 2 ** smallestExponent));
  const ulp = scale(normal, 2 ** -fractionBits);
  // ⌊t + u⌋ as the whole number nearest to t + u - 1/2: of a whole t itself, as u is neither 0 nor 1.
  const unit = 2 ** -noiseBits(dtype);
  const centred = shift(scale(cast(noise, x.dtype), unit), unit / 2 - 0.5);
  return cast(mul(round(add(div(x, ulp), centred)), ulp), dtype);
}
