/** Least squares in a graph: rows whose products with the given ones are 1 and 0. */

import { describe, expect, it } from "vitest";
import { dualRows } from "../../../src/optim/directions/dual.ts";
import { polarFactor } from "../../../src/optim/directions/polar.ts";
import { float32 } from "../../../src/tensor/host-tensor.ts";
import { expectClose, FLOAT32 } from "../../support/close.ts";
import { normalTensor } from "../../support/random.ts";
import { identity, made, ofAnyLength } from "./support.ts";

describe("dual rows", () => {
  it.each([
    ["normal numbers", normalTensor(1, [5, 9]), FLOAT32],
    ["rows of any length", ofAnyLength(), 1e-3],
  ])("have the identity as their product with the rows: %s", async (_, x, tolerance) => {
    const { mixed } = await made(x, dualRows);
    expectClose(mixed, identity(x.shape[0] ?? 0), tolerance);
  });

  it("are zeros of rows of zeros, and of two equal rows half of what one has", async () => {
    const zeros = await made(float32([3, 4], new Float32Array(12)), dualRows);
    expect(zeros.rows.every((entry) => entry === 0)).toBe(true);
    const twice = await made(float32([2, 2], Float32Array.of(2, 0, 2, 0)), dualRows);
    expectClose(twice.rows, [0.25, 0, 0.25, 0], 1e-3);
  });
});

it("takes a polar factor whose rows are orthonormal, of rows of any length", async () => {
  for (const x of [normalTensor(1, [4, 9]), ofAnyLength()]) {
    expectClose((await made(x, polarFactor)).gram, identity(4), FLOAT32);
  }
});
