/** Predictions about running a graph, against numbers worked out by hand. */

import { describe, expect, it } from "vitest";
import { input, type Value } from "../../src/graph/value.ts";
import { matrixOperations, overwritable, workspaceBytes } from "../../src/onnx/analysis.ts";
import { add, exp, mul, neg, scale, sub } from "../../src/ops/elementwise.ts";
import { scatterElementsAdd } from "../../src/ops/indexing.ts";
import { matmul } from "../../src/ops/matmul.ts";
import { matrixTranspose, reshape, split, transpose, unsqueeze } from "../../src/ops/movement.ts";
import { reduceSum } from "../../src/ops/reduce.ts";

const matrix = (name: string, rows: number, columns: number) =>
  input(name, "float32", [rows, columns]);

describe("matrixOperations", () => {
  it.each<readonly [string, readonly Value[], number]>([
    ["a product", [matmul(matrix("a", 2, 3), matrix("b", 3, 5))], 2 * 2 * 3 * 5],
    [
      "a batch of products",
      [matmul(input("a", "float32", [7, 2, 3]), matrix("b", 3, 5))],
      7 * 2 * 2 * 3 * 5,
    ],
    ["no product", [exp(matrix("a", 2, 3))], 0],
    [
      "sizes that are known later as 1",
      [matmul(input("a", "float32", ["B", 2, 3]), matrix("b", 3, 5))],
      2 * 2 * 3 * 5,
    ],
  ])("counts %s", (_, outputs, expected) => {
    expect(matrixOperations(outputs)).toBe(expected);
  });

  it("counts a shared product once", () => {
    const y = matmul(matrix("a", 2, 3), matrix("b", 3, 5));
    expect(matrixOperations([neg(y), exp(y)])).toBe(60);
  });
});

describe("workspaceBytes", () => {
  const x = matrix("x", 10, 10); // 400 bytes
  const w = matrix("w", 10, 20);

  it.each<readonly [string, readonly Value[], number]>([
    ["nothing for inputs", [x], 0],
    ["an output", [exp(x)], 400],
    ["a chain in place", [exp(neg(exp(x)))], 400],
    ["two results that live at the same time", [matmul(exp(x), neg(x))], 400 + 400 + 400],
    ["a result that is read again later", [matmul(exp(neg(exp(x))), exp(x))], 400 + 400 + 400],
    // exp(x) 400 and its product 800 live together; the sum is a scalar.
    ["what dies on the way", [reduceSum(matmul(exp(x), w))], 400 + 800],
    // exp(x) is transposed into new memory, and dies before the product.
    ["a transpose as a copy", [transpose(exp(x), [1, 0])], 400 + 400],
    ["outputs to the end", [exp(x), matmul(exp(x), w)], 400 + 400 + 800],
    ["float64 twice", [exp(input("d", "float64", [10, 10]))], 800],
    ["no outputs that nobody reads", split(x, 2).slice(0, 1), 200],
  ])("counts %s", (_, outputs, expected) => {
    expect(workspaceBytes(outputs)).toBe(expected);
  });

  it("counts a value with two readers once, until the second has run", () => {
    const a = exp(x);
    const rows = reduceSum(matmul(a, w), { axes: [1], keepDims: true });
    expect(workspaceBytes([add(a, rows)])).toBe(400 + 800 + 40);
  });

  it("leaves out results that are as large as is said, or larger", () => {
    const outputs = [exp(x), matmul(exp(x), w)];
    expect(workspaceBytes(outputs, 801)).toBe(400 + 400 + 800);
    expect(workspaceBytes(outputs, 800)).toBe(400 + 400);
  });
});

describe("overwritable", () => {
  const acc = matrix("acc", 4, 4);
  const x = matrix("x", 4, 4);
  const ids = input("ids", "int32", [4, 4]);
  const sum = add(acc, x);
  const product = matmul(x, x);

  it.each<readonly [string, Value, readonly Value[], Value]>([
    ["the operand of a sum", sum, [], acc],
    ["the other operand of a sum", sum, [], x],
    ["both operands at once", mul(acc, acc), [], acc],
    ["the base of a scatter", scatterElementsAdd(acc, ids, x, 0), [], acc],
    ["an operand that is read on the way to the result", sub(acc, matmul(acc, x)), [], acc],
    ["an input that nobody reads", sum, [], matrix("spare", 4, 4)],
    ["an accumulator beside other outputs", add(acc, product), [product, neg(x)], acc],
  ])("allows %s", (_, result, others, operand) => {
    expect(overwritable([result, ...others], result, operand)).toBe(true);
  });

  it.each<readonly [string, Value, readonly Value[], Value]>([
    ["the operand of a product", matmul(acc, x), [], acc],
    ["the operand of a transpose", matrixTranspose(acc), [], acc],
    ["what another output reads, perhaps later", sum, [neg(acc)], acc],
    ["what another output reads through a result on the way", sum, [scale(acc, 2)], acc],
    ["an operand that is an output too", sum, [acc], acc],
    ["an operand of another shape", add(matrix("row", 1, 4), x), [], matrix("row", 1, 4)],
    ["the updates of a scatter", scatterElementsAdd(acc, ids, x, 0), [], x],
    ["base and updates of a scatter at once", scatterElementsAdd(x, ids, x, 0), [], x],
  ])("refuses %s", (_, result, others, operand) => {
    expect(overwritable([result, ...others], result, operand)).toBe(false);
  });

  it("refuses another element type", () => {
    expect(overwritable([sum], sum, input("ids", "int32", [4, 4]))).toBe(false);
  });

  it.each([
    ["Reshape", reshape(acc, [1, 4, 4])],
    ["Unsqueeze", unsqueeze(acc, 0)],
  ])("refuses an operand that another output reads through %s", (_, view) => {
    // onnxruntime does not copy for these: the result is the operand's memory.
    const result = add(acc, reshape(exp(view), [4, 4]));
    expect(overwritable([result, neg(view)], result, acc)).toBe(false);
    expect(overwritable([result], result, acc)).toBe(true);
  });
});
