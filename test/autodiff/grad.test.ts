/** Reverse-mode differentiation; the rules of the operators themselves are in test/ops. */

import { describe, expect, it } from "vitest";
import { grad, vjp } from "../../src/autodiff/index.ts";
import { DTypeError, GraphError, ShapeError } from "../../src/errors.ts";
import { customVjp, defineOp } from "../../src/graph/op.ts";
import { topologicalOrder } from "../../src/graph/topology.ts";
import { input, scalarLike, type Value } from "../../src/graph/value.ts";
import {
  add,
  cast,
  exp,
  less,
  mul,
  neg,
  pow,
  scale,
  sub,
  where,
} from "../../src/ops/elementwise.ts";
import { matmul } from "../../src/ops/matmul.ts";
import { expand, split } from "../../src/ops/movement.ts";
import { reduceMax, reduceSum } from "../../src/ops/reduce.ts";
import { softmax } from "../../src/ops/softmax.ts";
import { hostTensor } from "../../src/tensor/host-tensor.ts";
import { DIFFERENCES, expectClose, FLOAT64, numbersOf } from "../support/close.ts";
import { runGraph, tensorNamed } from "../support/graph.ts";
import { normalTensor64 } from "../support/random.ts";

const x = input("x", "float64", [4]);
const y = input("y", "float64", [4]);

const vector = (...elements: number[]) =>
  hostTensor("float64", [elements.length], Float64Array.from(elements));

const one = (values: readonly Value[]): Value => {
  const [value] = values;
  if (value && values.length === 1) return value;
  throw new Error("expected one value");
};
const derivative = (f: Value, of: Value): Value => one(grad(f, [of]));
const total = (value: Value) => reduceSum(value);

async function numbers(value: Value, at: readonly number[]): Promise<number[]> {
  const results = await runGraph({ value }, { x: vector(...at), y: vector(2, 3, 5, 7) });
  return numbersOf(tensorNamed(results, "value"));
}

describe("vjp", () => {
  it.each<readonly [string, readonly Value[]]>([
    ["of another shape", [input("dy", "float64", [1, 4])]],
    ["that is missing", []],
  ])("refuses a cotangent %s", (_, cotangents) => {
    expect(() => vjp([neg(x)], cotangents, [x])).toThrow(ShapeError);
    expect(() => vjp([neg(x)], cotangents, [x])).toThrow(/^vjp: a cotangent must have the shape/);
  });

  it("gives zeros of the right shape and type to what no output depends on", async () => {
    const z = input("z", "float32", [2, 3]);
    const [dx = x, dz = x] = vjp([neg(x)], [y], [x, z]);
    expect([dz.dtype, dz.shape]).toEqual(["float32", [2, 3]]);
    const result = await runGraph({ dx, dz }, { y: vector(2, 3, 5, 7) });
    expect(numbersOf(tensorNamed(result, "dz"))).toEqual([0, 0, 0, 0, 0, 0]);
    expect(numbersOf(tensorNamed(result, "dx"))).toEqual([-2, -3, -5, -7]);
  });

  it("adds up what flows along several paths and from several outputs", async () => {
    const a = scale(x, 3);
    const dx = one(vjp([mul(a, a), x], [y, scale(y, 10)], [x]));
    // 18 x y + 10 y
    expect(await numbers(dx, [1, 0, -1, 2])).toEqual([56, 30, -40, 322]);
  });

  it("differentiates with respect to intermediate values, and stops there", async () => {
    const a = exp(x);
    const dx = one(vjp([mul(a, a)], [y], [a]));
    expect(topologicalOrder([dx]).map(({ type }) => type)).not.toContain("Log");
    expect(await numbers(dx, [0, 0, 0, 0])).toEqual([4, 6, 10, 14]);
  });

  it("gives a value that is an output its own cotangent", () => {
    expect(vjp([x], [y], [x])).toEqual([y]);
  });

  it("does not build cotangents that lead nowhere", () => {
    const product = matmul(input("a", "float64", [2, 3]), input("b", "float64", [3, 2]));
    const a = topologicalOrder([product])[0]?.inputs[0] ?? x;
    const da = one(vjp([product], [input("dy", "float64", [2, 2])], [a]));
    expect(topologicalOrder([da]).filter(({ type }) => type === "MatMul")).toHaveLength(1);
  });

  it("lets nothing flow through comparisons", async () => {
    const dx = one(vjp([where(less(x, y), x, neg(x))], [y], [x]));
    expect(await numbers(dx, [1, 4, 1, 9])).toEqual([2, -3, 5, -7]);
  });

  it("treats outputs of an operator of which only one is used", async () => {
    const [, second = x] = split(x, 2);
    const dx = one(vjp([second], [input("y", "float64", [2])], [x]));
    const result = await runGraph({ dx }, { y: vector(2, 3) });
    expect(numbersOf(tensorNamed(result, "dx"))).toEqual([0, 0, 2, 3]);
  });

  it("refuses an operator without a derivative, if it is on the way", () => {
    const Floor = defineOp<readonly [x: Value]>({ type: "Floor", infer: ([value]) => value });
    const floor = Floor([x], undefined);
    expect(() => vjp([floor], [y], [x])).toThrow(new GraphError("vjp: Floor has no derivative"));
    expect(vjp([mul(floor, y)], [y], [y])).toHaveLength(1);
  });

  it("refuses a rule that answers with another element type", () => {
    const Odd = customVjp<readonly [x: Value]>("odd", {
      body: ([value]) => neg(value),
      vjp: (dy) => [cast(dy, "float32")],
    });
    expect(() => vjp([Odd([x])], [y], [x])).toThrow(DTypeError);
  });

  it("uses the derivative of a function that has its own", async () => {
    const Straight = customVjp<readonly [x: Value]>("straight", {
      body: ([value]) => exp(value),
      vjp: (dy) => [dy],
    });
    expect(await numbers(one(vjp([Straight([x])], [y], [x])), [1, 2, 3, 4])).toEqual([2, 3, 5, 7]);
  });
});

describe("grad", () => {
  it("refuses what is no scalar", () => {
    expect(() => grad(x, [x])).toThrow(new ShapeError("grad: needs a scalar", { loss: [4] }));
  });

  it.each<readonly [string, readonly number[], (value: Value) => Value, readonly number[]]>([
    ["a scalar", [], (value) => mul(value, y), [17]],
    ["a row", [1, 4], (value) => mul(value, y), [2, 3, 5, 7]],
    ["a column", [3, 1], (value) => mul(value, y), [17, 17, 17]],
    ["leading axes", [4], (value) => expand(value, [2, 3, 4]), [6, 6, 6, 6]],
    ["inner axes of size 1", [2, 1, 1], (value) => mul(value, y), [17, 17]],
    ["both operands", [1, 1], (value) => mul(value, value), [2]],
  ])("sums over what was broadcast: %s", async (_, shape, f, expected) => {
    const value = input("value", "float64", shape);
    const dx = derivative(total(f(value)), value);
    expect(dx.shape).toEqual(shape);
    const ones = new Float64Array(shape.reduce((n, dim) => n * dim, 1)).fill(1);
    const feeds = { y: vector(2, 3, 5, 7), value: hostTensor("float64", shape, ones) };
    expect(numbersOf(tensorNamed(await runGraph({ dx }, feeds), "dx"))).toEqual(expected);
  });

  it("gives the second and third derivative of a polynomial", async () => {
    // x⁴ - 2 x³:  12 x² - 12 x,  24 x - 12
    const f = total(sub(pow(x, 4), scale(pow(x, 3), 2)));
    const first = derivative(f, x);
    const second = derivative(total(first), x);
    const third = derivative(total(second), x);
    const at = [1, 2, -1, 0.5];
    expectClose(
      await numbers(second, at),
      at.map((t) => 12 * t * t - 12 * t),
      FLOAT64,
    );
    expectClose(
      await numbers(third, at),
      at.map((t) => 24 * t - 12),
      FLOAT64,
    );
  });

  it("gives mixed second derivatives, of x y²", async () => {
    const mixed = derivative(total(derivative(total(mul(x, mul(y, y))), x)), y);
    expect(await numbers(mixed, [1, 1, 1, 1])).toEqual([4, 6, 10, 14]);
  });

  it.each<readonly [string, (value: Value) => Value]>([
    ["softmax", softmax],
    ["matmul", (value) => matmul(matmul(value, value), value)],
    ["the largest element", (value) => mul(reduceMax(value), value)],
  ])("gives the Hessian-vector product of %s", async (_, f) => {
    const point = normalTensor64(3, [3, 3]);
    const weights = normalTensor64(4, [3, 3]);
    const direction = normalTensor64(5, [3, 3]);
    const [at, w, v] = ["at", "w", "v"].map((name) => input(name, "float64", [3, 3]));
    if (!at || !w || !v) throw new Error("three inputs expected");
    const gradient = derivative(total(mul(f(at), w)), at);
    const product = derivative(total(mul(gradient, v)), at);

    const step = 1e-5;
    const moved = (by: number) => {
      const data = Float64Array.from(
        numbersOf(point),
        (t, i) => t + by * Number(direction.data[i]),
      );
      return { at: hostTensor("float64", [3, 3], data), w: weights };
    };
    const [up, down] = await Promise.all(
      [step, -step].map(async (by) =>
        numbersOf(tensorNamed(await runGraph({ gradient }, moved(by)), "gradient")),
      ),
    );
    const slopes = (up ?? []).map((t, i) => (t - (down?.[i] ?? 0)) / (2 * step));
    const result = await runGraph({ product }, { at: point, w: weights, v: direction });
    expectClose(numbersOf(tensorNamed(result, "product")), slopes, DIFFERENCES, { floor: 1 });
  });

  it("takes the cotangent 1 of the loss's own type", () => {
    const loss = input("loss", "float32", []);
    expect(grad(loss, [loss])).toEqual([scalarLike(loss, 1)]);
    expect(one(grad(add(loss, loss), [loss])).dtype).toBe("float32");
  });
});
