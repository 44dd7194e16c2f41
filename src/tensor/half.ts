/**
 * @file Sixteen-bit floats as raw bits: IEEE 754 binary16 and bfloat16 (the upper half of a binary32).
 *
 *   float16    1 sign, 5 exponent (bias 15), 10 fraction bits
 *   bfloat16   1 sign, 8 exponent (bias 127), 7 fraction bits
 *
 * Widening is exact. Narrowing rounds to nearest, ties to even, and overflows to infinity; a NaN
 * stays a NaN of the same sign.
 */

const INFINITY_32 = 0x7f800000;
/** Bits of 2^-14, the smallest normal float16; also the difference of the two biases, in place. */
const MIN_NORMAL_16 = 0x38800000;
const REBIAS = 0x38000000;

export function float16ToFloat32(bits: Uint16Array): Float32Array {
  const out = new Float32Array(bits.length);
  const outBits = new Uint32Array(out.buffer);
  bits.forEach((half, i) => {
    const sign = (half & 0x8000) << 16;
    const exponent = half & 0x7c00;
    const magnitude = (half & 0x7fff) << 13;
    if (exponent === 0) out[i] = (sign === 0 ? 1 : -1) * (half & 0x3ff) * 2 ** -24;
    else if (exponent === 0x7c00) outBits[i] = sign | INFINITY_32 | magnitude;
    else outBits[i] = sign | (magnitude + REBIAS);
  });
  return out;
}

export function bfloat16ToFloat32(bits: Uint16Array): Float32Array {
  const out = new Uint32Array(bits.length);
  bits.forEach((half, i) => (out[i] = half << 16));
  return new Float32Array(out.buffer);
}

export function float32ToFloat16(values: Float32Array): Uint16Array {
  return narrow(values, (bits) => {
    const sign = (bits >>> 16) & 0x8000;
    const magnitude = bits & 0x7fffffff;
    if (magnitude > INFINITY_32) return sign | 0x7e00;
    if (magnitude >= MIN_NORMAL_16) {
      return sign | Math.min(shiftToEven(magnitude - REBIAS, 13), 0x7c00);
    }
    const exponent = magnitude >>> 23;
    // Below 2^-25 everything rounds to zero, and the shift would leave the word.
    if (exponent < 102) return sign;
    return sign | shiftToEven((magnitude & 0x7fffff) | 0x800000, 126 - exponent);
  });
}

export function float32ToBfloat16(values: Float32Array): Uint16Array {
  return narrow(values, (bits) =>
    (bits & 0x7fffffff) > INFINITY_32 ? (bits >>> 16) | 0x40 : shiftToEven(bits, 16),
  );
}

/** A loop, since `Uint16Array.from` with a function is ten times slower. */
function narrow(values: Float32Array, round: (bits: number) => number): Uint16Array {
  const out = new Uint16Array(values.length);
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  bits.forEach((word, i) => (out[i] = round(word)));
  return out;
}

/** bits / 2^shift, rounded to the nearest integer, ties to even. A carry moves into the exponent. */
function shiftToEven(bits: number, shift: number): number {
  const odd = (bits >>> shift) & 1;
  return (bits + 2 ** (shift - 1) - 1 + odd) >>> shift;
}
