/** Products of low rank that are scaled in their factors: the same numbers, and nothing of the product's size where it can be spared. */

import { describe, expect, it } from "vitest";
import { topologicalOrder } from "../../../src/graph/topology.ts";
import { input, type Value } from "../../../src/graph/value.ts";
import { adafactor } from "../../../src/optim/index.ts";
import { add, div, mul, neg, scale, sqrt } from "../../../src/ops/elementwise.ts";
import { matmul } from "../../../src/ops/matmul.ts";
import { reduceSum, sumSquares } from "../../../src/ops/reduce.ts";
import { scaleFactors } from "../../../src/ops/passes/scale-factors.ts";
import { float32 } from "../../../src/tensor/host-tensor.ts";
import { expectClose, FLOAT64, numbersOf } from "../../support/close.ts";
import { runGraph, tensorNamed } from "../../support/graph.ts";
import { normalTensor, normalTensor64 } from "../../support/random.ts";

// Sizes that occur nowhere else: a shape says what a value is.
const [ROWS, COLUMNS, RANK] = [331, 199, 3];

const matrix = (name: string, ...shape: readonly number[]) => input(name, "float64", shape);
const left = matrix("left", ROWS, RANK);
const right = matrix("right", RANK, COLUMNS);
const w = matrix("w", ROWS, COLUMNS);
const number = matrix("number");
const numbers = {
  scalar: number,
  "[1, 1]": matrix("one", 1, 1),
  "[n, 1]": matrix("down", ROWS, 1),
  "[1, m]": matrix("across", 1, COLUMNS),
  "[m]": matrix("row", COLUMNS),
};
const all = [left, right, w, ...Object.values(numbers)];
const feeds = Object.fromEntries(
  all.map(({ source, shape }, i) => [
    source.kind === "input" ? source.name : "",
    normalTensor64(i, shape.map(Number)),
  ]),
);

/** How many values of a graph have the product's size. */
const large = (outputs: readonly Value[]) =>
  topologicalOrder(scaleFactors(outputs))
    .flatMap((node) => node.outputs)
    .filter(({ shape }) => shape.join() === `${ROWS},${COLUMNS}`).length;

/** Fails unless a function of the product has the values that it has of a matrix that is fed. */
async function expectSame(f: (product: Value) => Value): Promise<void> {
  const { product } = await runGraph({ product: matmul(left, right) }, feeds);
  const expected = await runGraph(
    { y: f(matrix("product", ROWS, COLUMNS)) },
    { ...feeds, ...(product && { product }) },
  );
  const actual = await runGraph({ y: f(matmul(left, right)) }, feeds);
  const [y, reference] = [actual, expected].map((each) => numbersOf(tensorNamed(each, "y")));
  expectClose(y ?? [], reference ?? [], FLOAT64);
}

const scalings: readonly (readonly [string, (p: Value) => Value])[] = [
  ...Object.entries(numbers).flatMap(([name, s]) => [
    [`times ${name}`, (p: Value) => mul(p, s)] as const,
    [`${name} times it`, (p: Value) => mul(s, p)] as const,
    [`divided by ${name}`, (p: Value) => div(p, s)] as const,
  ]),
  ["its negative", neg],
  ["all of them", (p) => Object.values(numbers).reduce(mul, neg(p))],
];

describe.each(scalings)("%s", (_, scaled) => {
  it("is a product of scaled factors", async () => {
    expect(large([scaled(matmul(left, right))])).toBe(1);
    await expectSame(scaled);
  });

  it("has its squares summed without it", async () => {
    expect(large([sumSquares(scaled(matmul(left, right)))])).toBe(0);
    await expectSame((p) => sumSquares(scaled(p)));
  });
});

it.each([
  ["a number divided by it", (p: Value) => div(number, p)],
  ["times a matrix", (p: Value) => mul(p, w)],
  ["its square", (p: Value) => mul(p, p)],
  ["its own rows' norms", (p: Value) => div(p, sqrt(sumSquares(p, { axes: [1], keepDims: true })))],
  ["squares of rows", (p: Value) => sumSquares(p, { axes: [1] })],
  [
    "squares of columns, kept",
    (p: Value) => sumSquares(scale(p, 3), { axes: [0], keepDims: true }),
  ],
  ["squares in a matrix", (p: Value) => mul(w, sumSquares(scale(p, 3), { keepDims: true }))],
  ["its sum beside its squares", (p: Value) => add(reduceSum(p), sumSquares(p))],
  ["three axes", (p: Value) => mul(p, matrix("deep", 1, 1, 1))],
] as const)("%s: the same numbers", async (_, f) => {
  const deep = normalTensor64(99, [1, 1, 1]);
  Object.assign(feeds, { deep });
  await expectSame(f);
});

it("is scaled where it is made anyway, and a product of this rank takes longer", () => {
  const wide = (rank: number) => {
    const product = matmul(matrix("l", 4096, rank), matrix("r", rank, 4096));
    const outputs = [reduceSum(product), mul(product, number)];
    return topologicalOrder(scaleFactors(outputs)).filter(({ type }) => type === "MatMul").length;
  };
  expect(wide(16)).toBe(2);
  expect(wide(17)).toBe(1);
});

it.each([
  ["what has as many numbers in its factors", 1024, 257],
  ["what is small", 255, 2],
])("leaves alone %s", (_, size, rank) => {
  const product = matmul(matrix("l", size, rank), matrix("r", rank, size));
  const outputs = [mul(product, number), sumSquares(product)];
  expect(scaleFactors(outputs)).toEqual(outputs);
});

it("has squares that rounding does not take below 0", async () => {
  // (l, l/3) (r/3, -r): nothing, but for what rounding leaves of it.
  const columns = (seed: number, count: number) => numbersOf(normalTensor(seed, [count]));
  const sums = Array.from({ length: 8 }, async (_, seed) => {
    const l = columns(seed, ROWS).flatMap((x) => [x, x / 3]);
    const r = columns(seed + 100, COLUMNS);
    const product = matmul(input("l", "float32", [ROWS, 2]), input("r", "float32", [2, COLUMNS]));
    const answers = await runGraph(
      { total: sumSquares(product) },
      {
        l: float32([ROWS, 2], Float32Array.from(l)),
        r: float32([2, COLUMNS], Float32Array.from([...r.map((x) => x / 3), ...r.map((x) => -x)])),
      },
    );
    return numbersOf(tensorNamed(answers, "total"))[0] ?? NaN;
  });
  expect(Math.min(...(await Promise.all(sums)))).toBe(0);
});

it("an update by Adafactor makes the gradient, and the update, and nothing else of their size", async () => {
  const rule = adafactor();
  const state = {
    "0.rows": matrix("rows", ROWS, 1),
    "0.columns": matrix("columns", 1, COLUMNS),
  };
  const updated = (gradient: Value) => {
    const context = {
      param: w,
      learningRate: number,
      stepScalar: () => number,
      chance: () => number,
    };
    const result = rule.update(gradient, state, context);
    return [add(w, result.update), ...Object.values(result.state)];
  };
  // G, the scaled product, and what is added to.
  expect(large(updated(matmul(left, right)))).toBe(3);
  expect(large(updated(matrix("g", ROWS, COLUMNS)))).toBeGreaterThan(5);
});
