/** Element types. */

import { describe, expect, it } from "vitest";
import {
  allocate,
  bytesPerElement,
  type DType,
  holdsDType,
  isFloat,
} from "../../src/tensor/dtype.ts";

const DTYPES: readonly DType[] = [
  "float32",
  "float64",
  "float16",
  "bfloat16",
  "int64",
  "int32",
  "uint32",
  "uint16",
  "uint8",
  "int8",
  "bool",
];

describe.each(DTYPES)("%s", (dtype) => {
  it("has arrays of its size, which hold it", () => {
    const data = allocate(dtype, 5);
    expect(data.length).toBe(5);
    expect(data.byteLength).toBe(5 * bytesPerElement(dtype));
    expect(holdsDType(dtype, data)).toBe(true);
  });

  it("is held by no array of another kind", () => {
    const sharing: readonly (readonly DType[])[] = [
      ["float16", "bfloat16", "uint16"],
      ["bool", "uint8"],
    ];
    const kin = sharing.find((dtypes) => dtypes.includes(dtype)) ?? [dtype];
    for (const other of DTYPES) {
      const same = kin.includes(other);
      expect(holdsDType(dtype, allocate(other, 1)), other).toBe(same);
    }
  });
});

it("gradients flow through float32 and float64", () => {
  expect(DTYPES.filter(isFloat)).toEqual(["float32", "float64"]);
});
