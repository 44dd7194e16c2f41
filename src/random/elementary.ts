/**
 * @file Logarithm and cosine from + - * / alone. ECMAScript leaves the last bits of Math.log
 * and Math.cos to the engine; these give the same bits everywhere.
 */

/**
 * ln n of an integer n from 1 to 2^32 - 1, to about 1e-15 of its size:
 *
 *   n = 2^e f,  √½ ≤ f ≤ √2,  s = (f - 1)/(f + 1)
 *   ln n = e ln 2 + 2 artanh s,  artanh s = s + s³/3 + s⁵/5 + ...
 */
export function logOfInteger(n: number): number {
  const zeros = Math.clz32(n);
  const bits = n << zeros;
  // No branch: random input would make the processor guess wrong half of the time.
  const above = (SQRT_2_BITS - bits) >>> 31;
  const f = (bits >>> 0) * (2 ** -31 - above * 2 ** -32);
  const s = (f - 1) / (f + 1);
  const z = s * s;
  const z2 = z * z;
  // z < 0.0295, so that the terms left out are below 1e-16; pairs of terms run in parallel.
  const end = 1 / 13 + z * (1 / 15) + z2 * (1 / 17 + z * (1 / 19));
  const middle = 1 / 5 + z * (1 / 7) + z2 * (1 / 9 + z * (1 / 11) + z2 * end);
  const series = 1 + z * (1 / 3) + z2 * middle;
  return (31 - zeros + above) * Math.LN2 + 2 * s * series;
}

/**
 * Cosine of the angle 2π k/m, to about 1e-16; k and m are integers, 0 ≤ k < m < 2^49.
 *
 * The octant and the angle within it are exact; on [0, π/4] a Taylor series is summed.
 */
export function cosOfTurn(k: number, m: number): number {
  const eighths = 8 * k;
  const octant = Math.floor(eighths / m);
  const part = (octant & 1) === 1 ? (octant + 1) * m - eighths : eighths - octant * m;
  const angle = (Math.PI / 4) * (part / m);
  const z = angle * angle;
  // Octants 1, 2, 5 and 6 lie around the sine's axis; the cosine is negative in 2 to 5.
  const size = ((octant + 1) & 2) === 2 ? angle * sinOctant(z) : cosOctant(z);
  return ((octant + 2) & 4) === 4 ? -size : size;
}

/** √2 2^31 as a signed word. */
const SQRT_2_BITS = 0xb504f333 | 0;

/** cos √z for z ≤ (π/4)²: 1 - z/2! + z²/4! - ... + z⁸/16!, nested. */
function cosOctant(z: number): number {
  const end = 1 - z * (1 / 90) * (1 - z * (1 / 132) * (1 - z * (1 / 182) * (1 - z * (1 / 240))));
  return 1 - z * (1 / 2) * (1 - z * (1 / 12) * (1 - z * (1 / 30) * (1 - z * (1 / 56) * end)));
}

/** sin √z / √z for z ≤ (π/4)²: 1 - z/3! + z²/5! - ... - z⁷/15!, nested. */
function sinOctant(z: number): number {
  const end = 1 - z * (1 / 110) * (1 - z * (1 / 156) * (1 - z * (1 / 210)));
  return 1 - z * (1 / 6) * (1 - z * (1 / 20) * (1 - z * (1 / 42) * (1 - z * (1 / 72) * end)));
}
