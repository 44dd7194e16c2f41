/**
 * @file Sixteen-bit floats as raw bits: IEEE 754 binary16 and bfloat16 (the upper half of a binary32).
 *
 *   float16    1 sign, 5 exponent (bias 15), 10 fraction bits
 *   bfloat16   1 sign, 8 exponent (bias 127), 7 fraction bits
 *
 * Widening is exact. Narrowing rounds to nearest, ties to even, and overflows to infinity; a NaN
 * stays a NaN of the same sign. Checkpoints of gigabytes pass through here: the loops are plain
 * ones, three to six times as fast as `forEach`.
 */

const INFINITY_32 = 0x7f800000;
const INFINITY_16 = 0x7c00;
/** Bits of 2^-14, the smallest normal float16; also the difference of the two biases, in place. */
const MIN_NORMAL_16 = 0x38800000;
const REBIAS = 0x38000000;

/** The bits of every float16 as float32. */
const WIDENED = new Uint32Array(2 ** 16).map((_, half) => widenedBits(half));

const WIDENED_VALUES = new Float32Array(WIDENED.buffer);

/** The number of one float16. */
export const valueOfFloat16 = (bits: number): number => WIDENED_VALUES[bits] ?? 0;

/** Widens numbers, exactly. */
export function float16ToFloat32(bits: Uint16Array): Float32Array {
  const out = new Uint32Array(bits.length);
  for (let i = 0; i < bits.length; i++) out[i] = WIDENED[bits[i] ?? 0] ?? 0;
  return new Float32Array(out.buffer);
}

/** Widens numbers, exactly. */
export function bfloat16ToFloat32(bits: Uint16Array): Float32Array {
  const out = new Uint32Array(bits.length);
  for (let i = 0; i < bits.length; i++) out[i] = (bits[i] ?? 0) << 16;
  return new Float32Array(out.buffer);
}

/** Rounds numbers to the nearest, the even one of two. */
export function float32ToFloat16(values: Float32Array): Uint16Array {
  const bits = bitsOf(values);
  const out = new Uint16Array(bits.length);
  for (let i = 0; i < bits.length; i++) out[i] = narrowedBits(bits[i] ?? 0);
  return out;
}

/** Rounds numbers to the nearest, the even one of two. */
export function float32ToBfloat16(values: Float32Array): Uint16Array {
  const bits = bitsOf(values);
  const out = new Uint16Array(bits.length);
  for (let i = 0; i < bits.length; i++) {
    const word = bits[i] ?? 0;
    const isNaN = (word & 0x7fffffff) > INFINITY_32;
    out[i] = isNaN ? (word >>> 16) | 0x40 : shiftToEven(word, 16);
  }
  return out;
}

const bitsOf = ({ buffer, byteOffset, length }: Float32Array): Uint32Array =>
  new Uint32Array(buffer, byteOffset, length);

function widenedBits(half: number): number {
  const sign = (half & 0x8000) << 16;
  const magnitude = half & 0x7fff;
  if (magnitude >= INFINITY_16) return sign | INFINITY_32 | (magnitude << 13);
  if (magnitude >= 0x400) return sign | ((magnitude << 13) + REBIAS);
  if (magnitude === 0) return sign;
  // A subnormal: the leading 1 moves to where it is implied, and the exponent pays for it.
  const shift = Math.clz32(magnitude) - 8;
  return sign | ((126 - shift) << 23) | ((magnitude << shift) & 0x7fffff);
}

function narrowedBits(bits: number): number {
  const sign = (bits >>> 16) & 0x8000;
  const magnitude = bits & 0x7fffffff;
  if (magnitude > INFINITY_32) return sign | 0x7e00;
  if (magnitude >= MIN_NORMAL_16) {
    return sign | Math.min(shiftToEven(magnitude - REBIAS, 13), INFINITY_16);
  }
  const exponent = magnitude >>> 23;
  // Below 2^-25 everything rounds to zero, and the shift would leave the word.
  if (exponent < 102) return sign;
  return sign | shiftToEven((magnitude & 0x7fffff) | 0x800000, 126 - exponent);
}

/** bits / 2^shift, rounded to the nearest integer, ties to even. A carry moves into the exponent. */
function shiftToEven(bits: number, shift: number): number {
  const odd = (bits >>> shift) & 1;
  return (bits + (1 << (shift - 1)) - 1 + odd) >>> shift;
}

/** The exponent of infinity. */
const INFINITE = { float16: 0x7c00, bfloat16: 0x7f80 } as const;

/** The first finite number that became infinite in sixteen bits; undefined if none did. */
export function overflowOf(
  dtype: "float16" | "bfloat16",
  values: Float32Array,
  bits: Uint16Array,
): number | undefined {
  const infinite = INFINITE[dtype];
  return values.find(
    (value, i) => ((bits[i] ?? 0) & 0x7fff) === infinite && Number.isFinite(value),
  );
}
