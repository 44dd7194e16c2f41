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
    const sharing: Partial<Record<DType, DType>> = {
      float16: "uint16",
      uint16: "float16",
      bool: "uint8",
      uint8: "bool",
    };
    for (const other of DTYPES) {
      const same = other === dtype || sharing[dtype] === other;
      expect(holdsDType(dtype, allocate(other, 1)), other).toBe(same);
    }
  });
});

it("gradients flow through float32 and float64", () => {
  expect(DTYPES.filter(isFloat)).toEqual(["float32", "float64"]);
});
