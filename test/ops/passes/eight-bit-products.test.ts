/** Products with matrices in eight bits: the numbers that rounding by rows gives, in both directions, and nothing else changed. */

import { describe, expect, it } from "vitest";
import { vjp } from "../../../src/autodiff/index.ts";
import { topologicalOrder } from "../../../src/graph/topology.ts";
import { input, type Value } from "../../../src/graph/value.ts";
import { roundedInputs, roundWeight, weightAtUse } from "../../../src/nn/weights-at-rest.ts";
import { matmul } from "../../../src/ops/matmul.ts";
import { matrixTranspose } from "../../../src/ops/movement.ts";
import { eightBitProducts } from "../../../src/ops/passes/eight-bit-products.ts";
import { float32, hostTensor } from "../../../src/tensor/host-tensor.ts";
import { expectClose, FLOAT32, numbersOf } from "../../support/close.ts";
import { runGraph, tensorNamed } from "../../support/graph.ts";
import { normals } from "../../support/random.ts";

const [ROWS, IN, OUT] = [6, 64, 48];
const draw = normals(1);
const normal = (count: number) => Float32Array.from({ length: count }, () => draw());

const numbers = normal(OUT * IN);
const { codes, scales } = roundWeight(numbers, [OUT, IN], "int8");
const w = weightAtUse("w", [OUT, IN], "int8");
const rounded = new Map([[w, roundedInputs("w", [OUT, IN], "int8")]]);
const resting = {
  w: hostTensor("int8", [OUT, IN], codes),
  "w:scales": hostTensor("float32", [OUT], scales),
};

/** Rows of magnitudes that are ten times apart, and one of zeros. */
const rowsOf = (columns: number) =>
  Float32Array.from(normal(ROWS * columns), (x, i) => {
    const row = Math.floor(i / columns);
    return row === ROWS - 1 ? 0 : x * 10 ** -row;
  });

const eightBit = (value: Value): Value => eightBitProducts([value], rounded)[0] ?? value;

/** Σₖ of rows in eight bits by whole numbers, as DynamicQuantizeLinear rounds what is divided by the magnitude of its row. */
function byHand(
  x: Float32Array,
  matrix: (k: number, n: number) => number,
  [inner, outer]: readonly [number, number],
) {
  const rows = Array.from({ length: ROWS }, (_, i) => [...x.subarray(i * inner, (i + 1) * inner)]);
  const magnitudes = rows.map((row) => Math.max(1e-30, ...row.map(Math.abs)));
  const scaled = rows.map((row, i) => row.map((each) => each / (magnitudes[i] ?? 1)));
  const [low, high] = [Math.min(0, ...scaled.flat()), Math.max(0, ...scaled.flat())];
  const step = (high - low) / 255;
  const zero = Math.round(-low / step);
  const round = (t: number) => Math.min(255, Math.max(0, Math.round(t / step) + zero)) - zero;
  return scaled.flatMap((row, i) =>
    Array.from({ length: outer }, (_, n) => {
      const sum = row.reduce((total, t, k) => total + round(t) * matrix(k, n), 0);
      return sum * step * (magnitudes[i] ?? 1);
    }),
  );
}

describe.each([
  {
    what: "x Wᵀ",
    width: IN,
    of: (x: Value) => matmul(x, matrixTranspose(w)),
    expected: (x: Float32Array) =>
      byHand(x, (k, n) => Number(codes[n * IN + k]), [IN, OUT]).map(
        (y, i) => y * Number(scales[i % OUT]),
      ),
  },
  {
    what: "x W",
    width: OUT,
    of: (x: Value) => matmul(x, w),
    expected: (x: Float32Array) =>
      byHand(
        x.map((each, i) => each * Number(scales[i % OUT])),
        (k, n) => Number(codes[k * IN + n]),
        [OUT, IN],
      ),
  },
])("$what", ({ width, of, expected }) => {
  const numbersOfX = rowsOf(width);
  const x = input("x", "float32", [ROWS, width]);
  const feeds = { ...resting, x: float32([ROWS, width], numbersOfX) };

  it("is what rounding gives", async () => {
    const y = numbersOf(tensorNamed(await runGraph({ y: eightBit(of(x)) }, feeds), "y"));
    expectClose(y, expected(numbersOfX), FLOAT32);
  });

  it("loses as little in small rows as in large ones, and nothing of zeros", async () => {
    const { y, exact } = await runGraph({ y: eightBit(of(x)), exact: of(x) }, feeds);
    const [actual, reference] = [y, exact].map((each) => (each ? numbersOf(each) : []));
    const columns = (actual?.length ?? 0) / ROWS;
    const errors = Array.from({ length: ROWS }, (_, row) => {
      const [a, b] = [actual, reference].map((all) =>
        all?.slice(row * columns, (row + 1) * columns),
      );
      const squares = (values: readonly number[] = []) => Math.hypot(...values);
      return squares(a?.map((each, i) => each - (b?.[i] ?? 0))) / (squares(b) || 1);
    });
    expect(errors.at(-1)).toBe(0);
    for (const error of errors.slice(0, -1)) {
      expect(error).toBeGreaterThan(1e-4);
      expect(error).toBeLessThan(0.015);
    }
  });

  it("makes no copy of the matrix in float32", () => {
    const sizes = topologicalOrder([eightBit(of(x))])
      .flatMap(({ outputs }) => outputs)
      .filter(({ dtype }) => dtype === "float32")
      .map(({ shape }) => shape.join("x"));
    expect(sizes).not.toContain(`${IN}x${OUT}`);
    expect(sizes).not.toContain(`${OUT}x${IN}`);
  });
});

it("is the same for a batch as for its rows", async () => {
  const numbersOfX = rowsOf(IN);
  const values = [
    [ROWS, IN],
    [2, ROWS / 2, IN],
  ].map((shape) =>
    runGraph(
      { y: eightBit(matmul(input("x", "float32", shape), matrixTranspose(w))) },
      { ...resting, x: float32(shape, numbersOfX) },
    ),
  );
  const [flat, batch] = (await Promise.all(values)).map((each) =>
    numbersOf(tensorNamed(each, "y")),
  );
  expect(batch).toEqual(flat);
});

it("has the cotangent of x in eight bits as well", () => {
  const x = input("x", "float32", [ROWS, IN]);
  const y = matmul(x, matrixTranspose(w));
  const [dx = x] = vjp([y], [input("dy", "float32", [ROWS, OUT])], [x]);
  const types = topologicalOrder([eightBit(dx)]).map(({ type }) => type);
  expect(types).toContain("MatMulInteger");
  expect(types).not.toContain("MatMul");
});

it("leaves other products alone", () => {
  const [x, other] = [input("x", "float32", [ROWS, IN]), input("other", "float32", [IN, OUT])];
  const outputs = [matmul(x, other)];
  expect(eightBitProducts(outputs, rounded)[0]).toBe(outputs[0]);
  const untouched = [matmul(x, matrixTranspose(w))];
  expect(eightBitProducts(untouched, new Map())).toBe(untouched);
});
