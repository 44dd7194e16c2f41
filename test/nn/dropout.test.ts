/** Dropout with given masks. */

import { expect, it } from "vitest";
import { vjp } from "../../src/autodiff/index.ts";
import { input } from "../../src/graph/value.ts";
import { dropout } from "../../src/nn/dropout.ts";
import { float32, hostTensor } from "../../src/tensor/host-tensor.ts";
import { expectClose, FLOAT32, numbersOf } from "../support/close.ts";
import { runGraph, tensorNamed } from "../support/graph.ts";

const x = input("x", "float32", [4]);
const masks = { mask: (name: string) => input(name, "uint8", [4]) };

it("drops where the mask is 0, and makes up for it elsewhere", async () => {
  const y = dropout(x, "mask", 0.2, masks);
  const [dx = x] = vjp([y], [input("dy", "float32", [4])], [x]);
  const results = await runGraph(
    { y, dx },
    {
      x: float32([4], Float32Array.of(1, 2, 3, 4)),
      dy: float32([4], Float32Array.of(8, 16, 24, 32)),
      mask: hostTensor("uint8", [4], Uint8Array.of(1, 0, 1, 1)),
    },
  );
  expectClose(numbersOf(tensorNamed(results, "y")), [1.25, 0, 3.75, 5], FLOAT32);
  expectClose(numbersOf(tensorNamed(results, "dx")), [10, 0, 30, 40], FLOAT32);
});

it("is nothing without masks, and at rate 0", () => {
  expect(dropout(x, "mask", 0.2, undefined)).toBe(x);
  expect(dropout(x, "mask", 0, masks)).toBe(x);
});
