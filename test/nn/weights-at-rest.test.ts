/** Weights in eight and four bits, beside NumPy's. */

import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import {
  BASE_DTYPES,
  type BaseDType,
  baseDTypeOf,
  roundedTypes,
  roundWeight,
  scalesName,
  weightAtUse,
} from "../../src/nn/weights-at-rest.ts";
import { float16ToFloat32 } from "../../src/tensor/half.ts";
import { hostTensor } from "../../src/tensor/host-tensor.ts";
import { numbersOf } from "../support/close.ts";
import { runGraph, tensorNamed } from "../support/graph.ts";
import { keepsNarrow } from "../support/device.ts";

interface Golden {
  readonly shape: readonly number[];
  readonly values: readonly number[];
  readonly matrices: Readonly<
    Record<
      BaseDType,
      {
        readonly codes: readonly number[];
        readonly scales: readonly number[];
        readonly made: readonly number[];
      }
    >
  >;
}

const golden: Golden = JSON.parse(readFileSync("test/golden/small_bases.json", "utf8"));
const { shape } = golden;
const values = Float32Array.from(golden.values);

describe.each(BASE_DTYPES)("%s", (dtype) => {
  const expected = golden.matrices[dtype];
  const { codes, scales } = roundWeight(values, shape, dtype);
  const types = roundedTypes(shape, dtype);

  it("has NumPy's whole numbers and scales", () => {
    expect(Array.from(codes, Number)).toEqual(expected.codes);
    const found = scales instanceof Uint16Array ? float16ToFloat32(scales) : scales;
    expect(Array.from(found, Number)).toEqual(expected.scales);
  });

  it.skipIf(!keepsNarrow)("is made float32 as NumPy makes it, bit by bit", async () => {
    const made = weightAtUse("w", shape, types.codes.dtype);
    expect(made).toMatchObject({ dtype: "float32", shape });
    const feeds = {
      w: hostTensor(types.codes.dtype, types.codes.shape, codes),
      [scalesName("w")]: hostTensor(types.scales.dtype, types.scales.shape, scales),
    };
    const { y } = await runGraph({ y: made }, feeds);
    expect(numbersOf(tensorNamed({ ...(y && { y }) }, "y"))).toEqual(
      Array.from(Float32Array.from(expected.made)),
    );
  });
});

it("has no place for rows of other lengths in blocks of 32", () => {
  expect(baseDTypeOf([8, 96], "q4")).toBe("q4");
  expect(baseDTypeOf([96, 8], "q4")).toBe("int8");
  expect(baseDTypeOf([96, 8], "int8")).toBe("int8");
});
