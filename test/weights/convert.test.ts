/** @file Converted tensors; half.test.ts compares the rounding itself with NumPy and PyTorch. */

import { describe, expect, it } from "vitest";
import { UsageError } from "../../src/errors.ts";
import type { DType, TypedArray } from "../../src/tensor/dtype.ts";
import { float32ToBfloat16, float32ToFloat16 } from "../../src/tensor/half.ts";
import { float32, hostTensor } from "../../src/tensor/host-tensor.ts";
import { convertTo, floatTypeOf, type StorageDType } from "../../src/weights/convert.ts";
import { failure } from "./support.ts";

/** The elements of a tensor in another type. */
async function converted(
  to: StorageDType,
  from: DType,
  elements: TypedArray,
): Promise<readonly (number | bigint)[]> {
  const [, tensor] = convertTo(to, ["w", hostTensor(from, [elements.length], elements)]);
  expect(tensor).toMatchObject({ dtype: to, shape: [elements.length] });
  return "data" in tensor ? [...tensor.data] : [...(await tensor.read())];
}

const third = Float32Array.of(1 / 3, -1, 2 ** -30, Infinity, NaN);

describe("convertTo", () => {
  it.each([
    ["float16", "float32", third, float32ToFloat16(third)],
    ["bfloat16", "float32", third, float32ToBfloat16(third)],
    ["float32", "float64", Float64Array.of(1 / 3, -Infinity), [Math.fround(1 / 3), -Infinity]],
    ["float16", "float64", Float64Array.of(1, NaN), [0x3c00, 0x7e00]],
    ["float32", "float16", Uint16Array.of(0x3c00, 0x0001, 0x7c00), [1, 2 ** -24, Infinity]],
    ["float32", "bfloat16", Uint16Array.of(0x3f80, 0xff80), [1, -Infinity]],
    // The nearest bfloat16 of 1 + 2^-10 is 1; 2^-100 is nothing in float16.
    ["bfloat16", "float16", Uint16Array.of(0x3c01), [0x3f80]],
    ["float16", "bfloat16", Uint16Array.of(0x3f80, 0x0d80), [0x3c00, 0]],
    // Halfway cases go through float32, as in PyTorch: 1 + 2^-11 + 2^-40 is a tie there.
    ["float16", "float64", Float64Array.of(1 + 2 ** -11 + 2 ** -40), [0x3c00]],
  ] as const)("%s of %s", async (to, from, elements, expected) => {
    expect(await converted(to, from, elements)).toEqual([...expected]);
  });

  it("leaves tensors that are no floats, or have the type already, as they are", () => {
    const ids = hostTensor("int64", [1], BigInt64Array.of(70000n));
    const half = hostTensor("float16", [1], Uint16Array.of(0x7c00));
    expect(convertTo("float16", ["ids", ids])).toEqual(["ids", ids]);
    expect(convertTo("float16", ["half", half])[1]).toBe(half);
  });

  it("reads and converts when it is asked to", async () => {
    let reads = 0;
    const deferred = {
      dtype: "float32" as const,
      shape: [1],
      read: () => Promise.resolve(Float32Array.of(++reads)),
    };
    const [, tensor] = convertTo("bfloat16", ["w", deferred]);
    expect(reads).toBe(0);
    expect("read" in tensor && [...(await tensor.read())]).toEqual([0x3f80]);
    expect("read" in tensor && [...(await tensor.read())]).toEqual([0x4000]);
  });

  it.each([
    ["float16", "float32", Float32Array.of(1, -65520), "float16 ends at 65504; got -65520"],
    ["float16", "bfloat16", Uint16Array.of(0x4780), "float16 ends at 65504; got 65536"],
    ["float16", "float64", Float64Array.of(1e300), "float16 ends at 65504; got 1e+300"],
    ["bfloat16", "float32", Float32Array.of(3.4e38), "bfloat16 ends at 3.39e38; got 3.39999"],
    ["float32", "float64", Float64Array.of(0, 1e39), "float32 ends at 3.4e38; got 1e+39"],
  ] as const)("refuses what would be infinite in %s, from %s", async (to, from, data, message) => {
    const error = await failure(converted(to, from, data));
    expect(error).toBeInstanceOf(UsageError);
    expect(error).toMatchObject({
      message: expect.stringContaining(`tensor "w": ${message}`),
      hint: to === "float32" ? undefined : expect.stringMatching(/^save in .*float32/),
    });
  });

  it.each([
    ["float16", 65519.99, 0x7bff],
    ["bfloat16", 3.3895e38, 0x7f7f],
  ] as const)(
    "rounds to the largest %s what is nearer to it than to infinity",
    async (to, x, bits) => {
      expect(await converted(to, "float32", Float32Array.of(x))).toEqual([bits]);
    },
  );
});

it("floatTypeOf is the type of the first floats", () => {
  const ids = hostTensor("int64", [1], BigInt64Array.of(1n));
  const half = hostTensor("bfloat16", [1], Uint16Array.of(0));
  const single = float32([1], Float32Array.of(1));
  expect(
    floatTypeOf([
      ["a", ids],
      ["b", half],
      ["c", single],
    ]),
  ).toBe("bfloat16");
  expect(floatTypeOf([["a", ids]])).toBeUndefined();
});
