/** Linear maps and embeddings. */

import { expect, it } from "vitest";
import { topologicalOrder } from "../../src/graph/topology.ts";
import { input } from "../../src/graph/value.ts";
import { conv1d, embedding, linear, linearSpec } from "../../src/nn/linear.ts";
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

it("linear is x Wᵀ + b over all leading axes, by one product of matrices", async () => {
  const transposed = input("weight", "float32", [3, 2]);
  const x = input("x", "float32", [2, 1, 2]);
  const y = linear(x, { weight: transposed, bias });
  const plain = linear(x, { weight: transposed });
  expect(y.shape).toEqual([2, 1, 3]);
  const products = topologicalOrder([y]).filter(({ type }) => type === "MatMul");
  expect(products.map(({ inputs }) => inputs.map(({ shape }) => shape))).toEqual([
    [
      [2, 2],
      [2, 3],
    ],
  ]);
  const result = await runGraph(
    { y, plain },
    {
      x: float32([2, 1, 2], Float32Array.of(1, 0, 1, 2)),
      weight: float32([3, 2], Float32Array.of(1, 4, 2, 5, 3, 6)),
      bias: feeds.bias,
    },
  );
  expect(numbersOf(tensorNamed(result, "plain"))).toEqual([1, 2, 3, 9, 12, 15]);
  expect(numbersOf(tensorNamed(result, "y"))).toEqual([11, 22, 33, 19, 32, 45]);
});

it("linearSpec is a matrix of [out, in], with a bias where it is asked for", () => {
  const options = { from: 2, to: 3, deviation: 0.1 };
  const matrix = {
    shape: [3, 2],
    role: "matrix",
    init: { kind: "normal", deviation: 0.1 },
    inputAxis: 1,
  };
  expect(linearSpec(options)).toEqual({ weight: matrix });
  expect(linearSpec({ ...options, bias: true })).toEqual({
    weight: matrix,
    bias: { shape: [3], role: "bias", init: { kind: "constant", value: 0 } },
  });
  // @ts-expect-error a map without a bias has none to read.
  expect(linearSpec(options).bias).toBeUndefined();
});

it("embedding gives the rows of the table", async () => {
  const y = embedding(input("ids", "int32", [1, 3]), { weight });
  expect(y.shape).toEqual([1, 3, 3]);
  const ids = hostTensor("int32", [1, 3], Int32Array.of(1, 0, 1));
  const result = await runGraph({ y }, { ...feeds, ids });
  expect(numbersOf(tensorNamed(result, "y"))).toEqual([4, 5, 6, 1, 2, 3, 4, 5, 6]);
});
