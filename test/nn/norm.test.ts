/** What the layers do with their parameters; the numbers of normalisation are in test/ops. */

import { expect, it } from "vitest";
import { ShapeError } from "../../src/errors.ts";
import { input } from "../../src/graph/value.ts";
import {
  layerNormSpec,
  offsetRmsNorm,
  offsetRmsNormSpec,
  rmsNorm,
  rmsNormSpec,
} from "../../src/nn/norm.ts";
import { float32 } from "../../src/tensor/host-tensor.ts";
import { expectClose, FLOAT32, numbersOf } from "../support/close.ts";
import { runGraph, tensorNamed } from "../support/graph.ts";

const x = input("x", "float32", [1, 2]);
const weight = input("weight", "float32", [2]);
// The mean of squares is 4; with eps = 21 the root is 5.
const feeds = {
  x: float32([1, 2], Float32Array.of(2, -2)),
  weight: float32([2], Float32Array.of(0.5, -3)),
};

it.each([
  ["rmsNorm", rmsNorm, [0.2, 1.2]],
  ["offsetRmsNorm", offsetRmsNorm, [0.6, 0.8]],
])("%s weighs what it has divided", async (_, norm, expected) => {
  const y = norm(x, { weight }, 21);
  expectClose(numbersOf(tensorNamed(await runGraph({ y }, feeds), "y")), expected, FLOAT32);
});

it("the initial weights leave the normalised numbers as they are", () => {
  const start = ({ init }: { readonly init: unknown }) => init;
  expect(start(layerNormSpec(3).weight)).toEqual({ kind: "constant", value: 1 });
  expect(start(rmsNormSpec(3).weight)).toEqual({ kind: "constant", value: 1 });
  expect(start(offsetRmsNormSpec(3).weight)).toEqual({ kind: "constant", value: 0 });
});

it("refuses a weight of another width", () => {
  const wide = input("weight", "float32", [3]);
  expect(() => rmsNorm(x, { weight: wide }, 1e-6)).toThrow(
    new ShapeError("rmsNorm: the weight must have the width of x", { x: [1, 2], weight: [3] }),
  );
});
