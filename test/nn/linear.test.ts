/** Linear maps and embeddings. */

import { expect, it } from "vitest";
import { topologicalOrder } from "../../src/graph/topology.ts";
import { input } from "../../src/graph/value.ts";
import { conv1d, embedding } from "../../src/nn/linear.ts";
import { float32, hostTensor } from "../../src/tensor/host-tensor.ts";
import { numbersOf } from "../support/close.ts";
import { runGraph, tensorNamed } from "../support/graph.ts";

const weight = input("weight", "float32", [2, 3]);
const bias = input("bias", "float32", [3]);
const feeds = {
  weight: float32([2, 3], Float32Array.of(1, 2, 3, 4, 5, 6)),
  bias: float32([3], Float32Array.of(10, 20, 30)),
};

it("conv1d is x W + b over all leading axes, by one product of matrices", async () => {
  const y = conv1d(input("x", "float32", [2, 1, 2]), { weight, bias });
  expect(y.shape).toEqual([2, 1, 3]);
  const products = topologicalOrder([y]).filter(({ type }) => type === "MatMul");
  expect(products.map(({ inputs }) => inputs[0]?.shape)).toEqual([[2, 2]]);
  const x = float32([2, 1, 2], Float32Array.of(1, 0, 1, 2));
  const result = await runGraph({ y }, { ...feeds, x });
  expect(numbersOf(tensorNamed(result, "y"))).toEqual([11, 22, 33, 19, 32, 45]);
});

it("embedding gives the rows of the table", async () => {
  const y = embedding(input("ids", "int32", [1, 3]), { weight });
  expect(y.shape).toEqual([1, 3, 3]);
  const ids = hostTensor("int32", [1, 3], Int32Array.of(1, 0, 1));
  const result = await runGraph({ y }, { ...feeds, ids });
  expect(numbersOf(tensorNamed(result, "y"))).toEqual([4, 5, 6, 1, 2, 3, 4, 5, 6]);
});
