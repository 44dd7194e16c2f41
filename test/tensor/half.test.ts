/** @file Half floats against NumPy and PyTorch: test/golden/make_half.py. */

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import {
  bfloat16ToFloat32,
  float16ToFloat32,
  float32ToBfloat16,
  float32ToFloat16,
} from "../../src/tensor/half.ts";

interface Golden {
  readonly widenFloat16: string;
  readonly widenBfloat16: string;
  readonly narrowFloat16: string;
  readonly narrowBfloat16: string;
  /** Bits of float32, float16, bfloat16. */
  readonly picked: readonly (readonly [number, number, number])[];
}

const golden: Golden = JSON.parse(
  readFileSync(new URL("../golden/half.json", import.meta.url), "utf8"),
);

const everyHalf = Uint16Array.from({ length: 65536 }, (_, i) => i);
const spread = fromBits(Array.from({ length: 1 << 20 }, (_, i) => (i * 4099) % 2 ** 32));

function fromBits(bits: readonly number[]): Float32Array {
  return new Float32Array(Uint32Array.from(bits).buffer);
}

const sha256 = (bits: Uint16Array | Uint32Array): string =>
  createHash("sha256").update(bits).digest("hex");

/** The payload of a NaN is nobody's promise: every NaN becomes one pattern before hashing. */
const hashWide = (values: Float32Array): string =>
  sha256(
    new Uint32Array(values.buffer).map((bits, i) => (Number.isNaN(values[i]) ? 0x7fc00000 : bits)),
  );

const hashNarrow = (bits: Uint16Array, isNaNBits: (half: number) => boolean, nan: number): string =>
  sha256(bits.map((half) => (isNaNBits(half) ? nan : half)));

const isFloat16NaN = (half: number): boolean => (half & 0x7fff) > 0x7c00;
const isBfloat16NaN = (half: number): boolean => (half & 0x7fff) > 0x7f80;

describe("widening", () => {
  it("gives every float16 its NumPy value", () => {
    expect(hashWide(float16ToFloat32(everyHalf))).toBe(golden.widenFloat16);
  });

  it("gives every bfloat16 its PyTorch value", () => {
    expect(hashWide(bfloat16ToFloat32(everyHalf))).toBe(golden.widenBfloat16);
  });
});

it.each([
  ["float16", float16ToFloat32, 0x7c01, 0xfe00],
  ["bfloat16", bfloat16ToFloat32, 0x7f81, 0xffc0],
] as const)("widening keeps a NaN of %s a NaN of its sign", (_, widen, positive, negative) => {
  const values = widen(Uint16Array.of(positive, negative));
  expect([...values]).toEqual([NaN, NaN]);
  expect([...new Uint32Array(values.buffer)].map((bits) => bits >>> 31)).toEqual([0, 1]);
});

describe("narrowing", () => {
  it("rounds 2^20 values spread over all of float32 as NumPy does", () => {
    const bits = float32ToFloat16(spread);
    expect(hashNarrow(bits, isFloat16NaN, 0x7e00)).toBe(golden.narrowFloat16);
  });

  it("rounds 2^20 values spread over all of float32 as PyTorch does", () => {
    const bits = float32ToBfloat16(spread);
    expect(hashNarrow(bits, isBfloat16NaN, 0x7fc0)).toBe(golden.narrowBfloat16);
  });

  it("rounds as the references around ties, subnormals and overflow", () => {
    const values = fromBits(golden.picked.map(([bits]) => bits));
    expect([...float32ToFloat16(values)]).toEqual(golden.picked.map(([, half]) => half));
    expect([...float32ToBfloat16(values)]).toEqual(golden.picked.map(([, , half]) => half));
  });

  it("keeps NaN, whatever its payload and sign", () => {
    const nans = fromBits([0x7f800001, 0x7fc00000, 0x7fffffff, 0xff800001, 0xffffffff]);
    const signs = [0, 0, 0, 0x8000, 0x8000];
    const halves = [...float32ToFloat16(nans)];
    const brains = [...float32ToBfloat16(nans)];
    expect(halves.every(isFloat16NaN)).toBe(true);
    expect(brains.every(isBfloat16NaN)).toBe(true);
    expect(halves.map((bits) => bits & 0x8000)).toEqual(signs);
    expect(brains.map((bits) => bits & 0x8000)).toEqual(signs);
  });

  it("returns to the same bits from the widened value", () => {
    const finite16 = everyHalf.filter((half) => !isFloat16NaN(half));
    const finiteBrain = everyHalf.filter((half) => !isBfloat16NaN(half));
    expect(float32ToFloat16(float16ToFloat32(finite16))).toEqual(finite16);
    expect(float32ToBfloat16(bfloat16ToFloat32(finiteBrain))).toEqual(finiteBrain);
  });

  it("reads a view from where it starts", () => {
    const view = Float32Array.of(9, 1, 2).subarray(1);
    expect([...float32ToFloat16(view)]).toEqual([0x3c00, 0x4000]);
  });
});
