/** Constant folding and common subexpressions. */

import { describe, expect, it } from "vitest";
import { castLate, foldConstants, shareSubexpressions } from "../../src/graph/simplify.ts";
import { topologicalOrder } from "../../src/graph/topology.ts";
import { constant, input, scalarLike, type Value } from "../../src/graph/value.ts";
import { add, cast, div, exp, mul, neg, pow, scale, sqrt, sub } from "../../src/ops/elementwise.ts";
import { geluTanh } from "../../src/nn/activation.ts";
import { matmul } from "../../src/ops/matmul.ts";
import { gather } from "../../src/ops/indexing.ts";
import { reshape, split } from "../../src/ops/movement.ts";
import { float32 } from "../../src/tensor/host-tensor.ts";

const x = input("x", "float32", [2, 2]);
const y = input("y", "float32", [2, 2]);
const number = (value: number): Value => scalarLike(x, value);

const nodeCount = (outputs: readonly Value[]) => topologicalOrder(outputs).length;

function constantOf(value: Value | undefined): number[] {
  if (value?.source.kind !== "constant") throw new Error("not a constant");
  return Array.from(value.source.tensor.data, Number);
}

describe("castLate", () => {
  it("casts the rows that are gathered, not the table", () => {
    const table = input("table", "float16", [1000, 4]);
    const ids = input("ids", "int32", [3]);
    const [rows] = castLate([gather(cast(table, "float32"), ids)]);
    const [first, second] = topologicalOrder(rows ? [rows] : []);
    expect([first?.type, first?.outputs[0]?.dtype]).toEqual(["Gather", "float16"]);
    expect([second?.type, second?.outputs[0]?.dtype]).toEqual(["Cast", "float32"]);
    expect(rows?.shape).toEqual([3, 4]);
  });
});

describe("foldConstants", () => {
  it.each([
    ["add", add(number(3), number(0.5)), 3.5],
    ["sub", sub(number(3), number(0.5)), 2.5],
    ["mul", mul(number(3), number(0.5)), 1.5],
    ["div", div(number(3), number(0.5)), 6],
    ["neg", neg(number(3)), -3],
    ["sqrt", sqrt(number(6.25)), 2.5],
    ["a chain", mul(add(number(1), number(2)), neg(number(4))), -12],
  ])("computes %s of scalars", (_, value, expected) => {
    expect(constantOf(foldConstants([value])[0])).toEqual([expected]);
  });

  it("keeps the rank of the result", () => {
    const one = constant(float32([1, 1], Float32Array.of(2)));
    expect(foldConstants([add(one, number(1))])[0]?.shape).toEqual([1, 1]);
  });

  it("folds below a computed value, and leaves that", () => {
    const [folded = x] = foldConstants([mul(x, add(number(1), number(2)))]);
    expect(nodeCount([folded])).toBe(1);
  });

  it("leaves larger tensors to onnxruntime", () => {
    const pair = constant(float32([2], Float32Array.of(1, 2)));
    expect(nodeCount(foldConstants([add(pair, pair)]))).toBe(1);
  });
});

describe("shareSubexpressions", () => {
  it.each<readonly [string, readonly Value[], number]>([
    ["equal applications", [exp(x), exp(x)], 1],
    ["whole trees", [neg(exp(add(x, y))), neg(exp(add(x, y)))], 3],
    ["inputs of equal names", [exp(x), exp(input("x", "float32", [2, 2]))], 1],
    ["equal constants", [scale(x, 2), scale(x, 2)], 1],
    ["equal attributes", [pow(x, 3), pow(x, 3)], 1],
    ["operators of several outputs", [...split(x, 2), ...split(x, 2)], 1],
    ["equal shapes", [reshape(x, [4]), reshape(x, [4])], 1],
  ])("joins %s", (_, outputs, expected) => {
    const shared = shareSubexpressions(outputs);
    expect(nodeCount(shared)).toBe(expected);
    expect(shared.map(({ shape }) => shape)).toEqual(outputs.map(({ shape }) => shape));
    expect(new Set(shared).size).toBe(outputs.length / 2);
  });

  it.each<readonly [string, readonly Value[]]>([
    ["other operators", [exp(x), neg(x)]],
    ["other inputs", [exp(x), exp(y)]],
    ["another order of operands", [sub(x, y), sub(y, x)]],
    ["another order of factors", [matmul(x, y), matmul(y, x)]],
    ["other constants", [scale(x, 2), scale(x, 3)]],
    ["other attributes", [cast(x, "float64"), cast(x, "int32")]],
    ["other operands that are attributes", [pow(x, 2), pow(x, 3)]],
    ["other shapes", [reshape(x, [4]), reshape(x, [4, 1])]],
    ["constants of other shapes", [mul(x, number(2)), mul(x, reshapedTwo())]],
    ["other outputs of one operator", split(x, 2).map(exp)],
  ])("keeps %s apart", (_, outputs) => {
    expect(nodeCount(shareSubexpressions(outputs))).toBe(nodeCount(outputs));
  });

  it("leaves functions with a derivative of their own alone", () => {
    expect(nodeCount(shareSubexpressions([geluTanh(x), geluTanh(x)]))).toBe(2);
  });

  it("does not copy a graph without twins", () => {
    const value = exp(add(x, y));
    expect(shareSubexpressions([value])[0]).toBe(value);
  });
});

function reshapedTwo(): Value {
  return constant(float32([1, 1], Float32Array.of(2)));
}
