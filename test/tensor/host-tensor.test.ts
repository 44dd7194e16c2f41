/** Tensors in host memory. */

import { describe, expect, it } from "vitest";
import { ShapeError } from "../../src/errors.ts";
import {
  asFloat32,
  float32,
  hostTensor,
  int64,
  scalarTensor,
  tensorBytes,
  zeros,
} from "../../src/tensor/host-tensor.ts";

describe("hostTensor", () => {
  it("does not copy", () => {
    const data = Float32Array.of(1, 2);
    expect(hostTensor("float32", [2, 1], data).data).toBe(data);
  });

  it.each([
    [
      "another size",
      () => hostTensor("float32", [3], new Float32Array(2)),
      "2 elements of Float32Array for float32; got shape [3]",
    ],
    [
      "another array",
      () => hostTensor("float32", [2], new Float64Array(2)),
      "2 elements of Float64Array for float32",
    ],
    [
      "numbers for float16",
      () => hostTensor("float16", [2], new Float32Array(2)),
      "Float32Array for float16",
    ],
    [
      "an array of bool for uint16",
      () => hostTensor("uint16", [2], new Uint8Array(2)),
      "Uint8Array",
    ],
  ])("refuses %s", (_, make, message) => {
    expect(make).toThrow(ShapeError);
    expect(make).toThrow(message);
  });
});

it("zeros have the shape and the array of their type", () => {
  expect(zeros("int64", [2]).data).toEqual(new BigInt64Array(2));
  expect(zeros("bool", [2, 2]).data).toEqual(new Uint8Array(4));
  expect(zeros("float64", []).data).toEqual(new Float64Array(1));
});

it("scalarTensor holds one number without axes", () => {
  expect(scalarTensor("float32", 1.5)).toEqual(hostTensor("float32", [], Float32Array.of(1.5)));
  expect(scalarTensor("int64", -3)).toEqual(hostTensor("int64", [], BigInt64Array.of(-3n)));
});

it("int64 makes a vector", () => {
  expect(int64([1, -2])).toEqual(hostTensor("int64", [2], BigInt64Array.of(1n, -2n)));
});

it.each([
  ["float32", 24],
  ["float64", 48],
  ["float16", 12],
  ["bfloat16", 12],
  ["int64", 48],
  ["int32", 24],
  ["uint32", 24],
  ["uint16", 12],
  ["uint8", 6],
  ["bool", 6],
] as const)("tensorBytes of six %s are %d", (dtype, expected) => {
  expect(tensorBytes(dtype, [2, 3])).toBe(expected);
  expect(zeros(dtype, [2, 3]).data.byteLength).toBe(expected);
});

it("asFloat32 takes float32 only", () => {
  const tensor = float32([1], Float32Array.of(2));
  expect(asFloat32(tensor)).toBe(tensor.data);
  expect(() => asFloat32(zeros("float64", [1]))).toThrow("tensor: expected float32, got float64");
});
