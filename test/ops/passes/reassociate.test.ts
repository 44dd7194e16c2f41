/** Products in the cheapest order: the same numbers, never more operations, and no gradient where FLORA compresses it. */

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { vjp } from "../../../src/autodiff/index.ts";
import { graphInputs, topologicalOrder } from "../../../src/graph/topology.ts";
import { input, type Value } from "../../../src/graph/value.ts";
import { matrixOperations } from "../../../src/onnx/analysis.ts";
import { optimize } from "../../../src/onnx/model.ts";
import { add, scale } from "../../../src/ops/elementwise.ts";
import { gather } from "../../../src/ops/indexing.ts";
import { matmul } from "../../../src/ops/matmul.ts";
import { matrixTranspose } from "../../../src/ops/movement.ts";
import { reassociate } from "../../../src/ops/passes/reassociate.ts";
import { sumSquares } from "../../../src/ops/reduce.ts";
import { hostTensor } from "../../../src/tensor/host-tensor.ts";
import { expectClose, FLOAT64, numbersOf } from "../../support/close.ts";
import { type HostTensors, runGraph, tensorNamed } from "../../support/graph.ts";
import { integerNumbers, normalTensor64 } from "../../support/random.ts";

// Sizes that occur nowhere else: a shape says what a value is.
const TOKENS = 23;
const IN = 17;
const OUT = 19;
const RANK = 3;
const VOCABULARY = 29;

const matrix = (name: string, rows: number, columns: number) =>
  input(name, "float64", [rows, columns]);

const x = matrix("x", TOKENS, IN);
const w = matrix("w", IN, OUT);
const dy = matrix("dy", TOKENS, OUT);
const table = matrix("table", VOCABULARY, IN);
const ids = input("ids", "int32", [TOKENS]);
const chosen = input("chosen", "int32", [RANK]);
const dx = matrix("dx", TOKENS, IN);
const aIn = matrix("aIn", RANK, IN);
const aOut = matrix("aOut", RANK, OUT);
const aVocabulary = matrix("aVocabulary", RANK, VOCABULARY);

const feeds: HostTensors = {
  ...Object.fromEntries(
    [x, w, dy, table, dx, aIn, aOut, aVocabulary].map(({ source, shape }, i) => [
      source.kind === "input" ? source.name : "",
      normalTensor64(i, shape.map(Number)),
    ]),
  ),
  chosen: hostTensor("int32", [RANK], Int32Array.from([11, 2, 5])),
  ids: hostTensor("int32", [TOKENS], Int32Array.from(integerNumbers(9, TOKENS, VOCABULARY))),
};

/** Shapes of all values that are computed. */
const shapes = (outputs: readonly Value[]) =>
  topologicalOrder(outputs).flatMap((node) => node.outputs.map(({ shape }) => shape.join("x")));

const gradientOf = (weight: Value, y: Value, cotangent: Value): Value =>
  vjp([y], [cotangent], [weight])[0] ?? weight;

const weightGradient = gradientOf(w, matmul(x, w), dy); // [IN, OUT]
const tableGradient = gradientOf(table, gather(table, ids), dx); // [VOCABULARY, IN]

const compressed: readonly (readonly [string, Value, Value])[] = [
  ["a weight's gradient, columns", weightGradient, matmul(weightGradient, matrixTranspose(aOut))],
  ["a weight's gradient, rows", weightGradient, matmul(aIn, weightGradient)],
  [
    "a weight's gradient added to its accumulator",
    weightGradient,
    add(matrix("c", IN, RANK), matmul(weightGradient, matrixTranspose(aOut))),
  ],
  [
    "the gradient of a weight used transposed",
    matrixTranspose(weightGradient),
    matmul(matrixTranspose(weightGradient), matrixTranspose(aIn)),
  ],
  [
    "the gradient of a weight used twice",
    weightGradient,
    matmul(gradientOf(w, add(matmul(x, w), matmul(scale(x, 2), w)), dy), matrixTranspose(aOut)),
  ],
  [
    "the gradient of a weight used three times, rows",
    weightGradient,
    matmul(
      aIn,
      gradientOf(w, add(matmul(x, w), add(matmul(scale(x, 2), w), matmul(scale(x, 3), w))), dy),
    ),
  ],
  ["chosen columns of a weight's gradient", weightGradient, gather(weightGradient, chosen, 1)],
  ["chosen rows of a weight's gradient", weightGradient, gather(weightGradient, chosen, 0)],
  [
    "chosen rows of the gradient of a weight used transposed",
    matrixTranspose(weightGradient),
    gather(matrixTranspose(weightGradient), chosen, 0),
  ],
  [
    "chosen columns of the gradient of a weight used twice, added to their accumulator",
    weightGradient,
    add(
      matrix("c", IN, RANK),
      scale(
        gather(gradientOf(w, add(matmul(x, w), matmul(scale(x, 2), w)), dy), chosen, 1),
        Math.SQRT2,
      ),
    ),
  ],
  [
    "chosen columns of the gradient of a table that is also multiplied",
    tableGradient,
    gather(
      gradientOf(table, add(gather(table, ids), matmul(tokensByWords(), table)), dx),
      chosen,
      1,
    ),
  ],
  ["a table's gradient, columns", tableGradient, matmul(tableGradient, matrixTranspose(aIn))],
  ["a table's gradient, rows", tableGradient, matmul(aVocabulary, tableGradient)],
  [
    "the gradient of a table that is also multiplied, columns",
    tableGradient,
    matmul(
      gradientOf(table, add(gather(table, ids), matmul(tokensByWords(), table)), dx),
      matrixTranspose(aIn),
    ),
  ],
  [
    "the gradient of a table that is also multiplied, rows",
    tableGradient,
    matmul(
      aVocabulary,
      gradientOf(table, add(gather(table, ids), matmul(tokensByWords(), table)), dx),
    ),
  ],
];

/** A [TOKENS, VOCABULARY] matrix that depends on no parameter. */
function tokensByWords(): Value {
  return matmul(matmul(x, matrixTranspose(aIn)), aVocabulary);
}

describe("a compressed gradient", () => {
  it.each(compressed)("%s: the gradient itself is not computed", async (_, gradient, value) => {
    const all = { ...feeds, c: normalTensor64(30, [IN, RANK]) };
    const [after = value] = optimize([value]);
    const forbidden = new Set([gradient.shape.join("x"), gradient.shape.toReversed().join("x")]);
    expect(shapes([value]).some((shape) => forbidden.has(shape))).toBe(true);
    expect(shapes([after]).filter((shape) => forbidden.has(shape))).toEqual([]);
    expect(matrixOperations([after])).toBeLessThan(matrixOperations([value]));

    // What is an output too is computed anyway, so that nothing is reordered.
    const everything = topologicalOrder([value]).flatMap((node) => node.outputs);
    const outputs = Object.fromEntries(everything.map((each, i) => [`v${i}`, each]));
    expect(matrixOperations(reassociate([value, ...everything]))).toBe(matrixOperations([value]));
    const expected = await runGraph({ y: value, ...outputs }, all);
    const actual = await runGraph({ y: value }, all);
    expectClose(
      numbersOf(tensorNamed(actual, "y")),
      numbersOf(tensorNamed(expected, "y")),
      FLOAT64,
    );
  });

  it("a dense table's gradient is scattered straight into its accumulator", async () => {
    const before = add(table, tableGradient);
    const [after = before] = optimize([before]);
    const scatters = topologicalOrder([after]).filter(({ type }) => type === "ScatterElements");
    expect(scatters.map(({ inputs }) => inputs[0]?.source.kind)).toEqual(["input"]);

    const expected = numbersOf(tensorNamed(feeds, "table"));
    const [updates, picked] = [tensorNamed(feeds, "dx"), tensorNamed(feeds, "ids")].map(numbersOf);
    picked?.forEach((row, i) => {
      for (let c = 0; c < IN; c += 1) {
        expected[row * IN + c] = (expected[row * IN + c] ?? 0) + (updates?.[i * IN + c] ?? 0);
      }
    });
    const { y } = await runGraph({ y: before }, feeds);
    expectClose(y ? numbersOf(y) : [], expected, FLOAT64);
  });

  it("a gradient that is needed whole as well is computed once", () => {
    const value = matmul(weightGradient, matrixTranspose(aOut));
    const after = optimize([value, sumSquares(weightGradient)]);
    const products = topologicalOrder(after).filter(({ type }) => type === "MatMul");
    expect(products).toHaveLength(2);
    expect(matrixOperations(after)).toBe(matrixOperations([value, weightGradient]));
  });
});

/** A random product of matrices, some given transposed, in a random order. */
interface Chain {
  readonly dims: readonly number[];
  readonly transposed: readonly boolean[];
  /** Where each product is cut in two, as a share of its length. */
  readonly cuts: readonly number[];
  /** Whether each product is written as the transpose of the product of transposes. */
  readonly flipped: readonly boolean[];
}

const LONGEST = 6;

const chains: fc.Arbitrary<Chain> = fc.record({
  dims: fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 3, maxLength: LONGEST + 1 }),
  transposed: fc.array(fc.boolean(), { minLength: LONGEST, maxLength: LONGEST }),
  cuts: fc.array(fc.double({ min: 0, max: 0.999, noNaN: true }), {
    minLength: LONGEST,
    maxLength: LONGEST,
  }),
  flipped: fc.array(fc.boolean(), { minLength: LONGEST, maxLength: LONGEST }),
});

function chainValue({ dims, transposed, cuts, flipped }: Chain): Value {
  const factor = (i: number): Value => {
    const [rows = 1, columns = 1] = dims.slice(i, i + 2);
    return transposed[i]
      ? matrixTranspose(matrix(`m${i}`, columns, rows))
      : matrix(`m${i}`, rows, columns);
  };
  const product = (from: number, to: number): Value => {
    if (from === to) return factor(from);
    const cut = from + Math.floor((cuts[from] ?? 0) * (to - from));
    const [left, right] = [product(from, cut), product(cut + 1, to)];
    return flipped[cut]
      ? matrixTranspose(matmul(matrixTranspose(right), matrixTranspose(left)))
      : matmul(left, right);
  };
  return product(0, dims.length - 2);
}

/** The fewest operations of all orders, tried one by one. */
function fewest(dims: readonly number[]): number {
  if (dims.length <= 2) return 0;
  const [first = 1, last = 1] = [dims[0], dims.at(-1)];
  const cuts = dims.slice(1, -1).map((middle, i) => {
    const rest = fewest(dims.slice(0, i + 2)) + fewest(dims.slice(i + 1));
    return rest + 2 * first * middle * last;
  });
  return Math.min(...cuts);
}

describe("a chain of products", () => {
  it("takes as few operations as the best of all orders", () => {
    fc.assert(
      fc.property(chains, (chain) => {
        expect(matrixOperations(reassociate([chainValue(chain)]))).toBe(fewest(chain.dims));
      }),
    );
  });

  it("gives the same numbers in every order", async () => {
    for (const chain of fc.sample(chains, { numRuns: 25, seed: 1 })) {
      const value = chainValue(chain);
      const numbers = Object.fromEntries(
        graphInputs([value]).map(({ shape, source }, i) => [
          source.kind === "input" ? source.name : "",
          normalTensor64(i, shape.map(Number)),
        ]),
      );
      const { y } = await runGraph({ y: value }, numbers);
      expectClose(y ? numbersOf(y) : [], productOf(chain, numbers), FLOAT64);
    }
  });

  it("keeps a product that is used elsewhere, and does not compute it twice", () => {
    const shared = matmul(matrix("m0", 9, 2), matrix("m1", 2, 9));
    const outputs = [matmul(shared, matrix("m2", 9, 1)), matmul(matrix("m3", 1, 9), shared)];
    expect(matrixOperations(reassociate(outputs))).toBe(matrixOperations(outputs));
  });
});

/** The product in plain TypeScript, from the left. */
function productOf({ dims, transposed }: Chain, numbers: HostTensors): number[] {
  const rows = dims[0] ?? 1;
  let left = Array.from({ length: rows }, (_, i) =>
    Array.from({ length: rows }, (__, j) => Number(i === j)),
  );
  for (let i = 0; i + 1 < dims.length; i += 1) {
    const [inner = 1, columns = 1] = dims.slice(i, i + 2);
    const data = numbersOf(tensorNamed(numbers, `m${i}`));
    const element = (k: number, j: number) =>
      data[transposed[i] ? j * inner + k : k * columns + j] ?? 0;
    left = left.map((row) =>
      Array.from({ length: columns }, (_, j) =>
        row.reduce((sum, number, k) => sum + number * element(k, j), 0),
      ),
    );
  }
  return left.flat();
}

describe("a product with a sum of products", () => {
  const dim = fc.integer({ min: 1, max: 9 });
  const sums = fc.record({
    rows: dim,
    columns: dim,
    inner: dim,
    ranks: fc.array(dim, { minLength: 2, maxLength: 4 }),
    right: fc.boolean(),
    shared: fc.constantFrom("nothing", "the sum", "a sum inside", "a term"),
  });

  it("never takes more operations", () => {
    fc.assert(
      fc.property(sums, ({ rows, inner, columns, ranks, right, shared }) => {
        const terms = ranks.map((rank, i) =>
          matmul(matrix(`p${i}`, rows, rank), matrix(`q${i}`, rank, inner)),
        );
        const [first = table, second = table, ...rest] = terms;
        const inside = add(first, second);
        const sum = rest.reduce((total, term) => add(total, term), inside);
        const whole = right
          ? matmul(sum, matrix("b", inner, columns))
          : matmul(matrixTranspose(matrix("b", inner, columns)), matrixTranspose(sum));
        const other = {
          nothing: [],
          "the sum": [sum],
          "a sum inside": [inside],
          "a term": [first],
        };
        const outputs = [whole, ...other[shared].map((value) => sumSquares(value))];
        expect(matrixOperations(reassociate(outputs))).toBeLessThanOrEqual(
          matrixOperations(outputs),
        );
      }),
      { numRuns: 1000 },
    );
  });
});
