/** Muon against torch.optim.Muon, run in float64, and polar factors against the singular values that they shall have. */

import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { input } from "../../src/graph/value.ts";
import { compile } from "../../src/onnx/model.ts";
import {
  muon,
  namedOptimizer,
  newtonSchulz,
  polarOfNorm,
  usualLearningRate,
} from "../../src/optim/index.ts";
import { float32, type HostTensor } from "../../src/tensor/host-tensor.ts";
import { expectClose, FLOAT32, numbersOf } from "../support/close.ts";
import { inputFor, runGraph, tensorNamed } from "../support/graph.ts";
import { normalTensor } from "../support/random.ts";
import { stepperOf, type Trained } from "./support.ts";

type Numbers = Readonly<Record<string, readonly number[]>>;

interface Golden {
  readonly dense: {
    readonly learningRate: number;
    readonly shapes: Readonly<Record<string, readonly number[]>>;
    readonly initial: Numbers;
    readonly gradients: readonly Numbers[];
    readonly runs: readonly { readonly weightDecay: number; readonly steps: readonly Numbers[] }[];
  };
}

const { dense }: Golden = JSON.parse(readFileSync("test/golden/muon.json", "utf8"));

const tensor = (shape: readonly number[], data: readonly number[] = []): HostTensor =>
  float32(shape, Float32Array.from(data));

const RUNS = dense.runs.flatMap((run) =>
  Object.entries(dense.shapes).map(
    ([name, shape]) => [name, run.weightDecay, shape, run.steps] as const,
  ),
);

describe.each(RUNS)("a %s matrix, decayed by %d", (name, weightDecay, shape, steps) => {
  it("takes torch's six steps", async () => {
    const stepper = await stepperOf(muon({ weightDecay }), shape);
    let trained: Trained = { param: tensor(shape, dense.initial[name]), state: stepper.initial };
    for (const [i, expected] of steps.entries()) {
      const feeds = { gradient: tensor(shape, dense.gradients[i]?.[name]) };
      const { learningRate } = dense;
      trained = await stepper.step(trained, { learningRate, step: i + 1, feeds });
      expectClose(numbersOf(trained.param), expected[name] ?? [], FLOAT32, { what: `step ${i}` });
    }
    await stepper.release();
  });
});

/** U diag(values) Vᵀ, [rows, columns], of orthonormal U and V that are made of a normal matrix. */
function matrixOf(values: readonly number[], rows: number, columns: number): HostTensor {
  const [u, v] = [1, 2].map((seed) =>
    orthonormalRows(seed, values.length, seed === 1 ? rows : columns),
  );
  const data = Float32Array.from({ length: rows * columns }, (_, at) => {
    const [i, j] = [Math.floor(at / columns), at % columns];
    return values.reduce((sum, s, k) => sum + s * (u?.[k]?.[i] ?? 0) * (v?.[k]?.[j] ?? 0), 0);
  });
  return float32([rows, columns], data);
}

/** Gram and Schmidt's, in float64. */
function orthonormalRows(seed: number, count: number, size: number): number[][] {
  const rows: number[][] = [];
  const drawn = numbersOf(normalTensor(seed, [count, size]));
  for (let k = 0; k < count; k++) {
    let row = drawn.slice(k * size, (k + 1) * size);
    for (let again = 0; again < 2; again++) {
      for (const other of rows) {
        const inner = other.reduce((sum, x, i) => sum + x * (row[i] ?? 0), 0);
        row = row.map((x, i) => x - inner * (other[i] ?? 0));
      }
    }
    const norm = Math.hypot(...row);
    rows.push(row.map((x) => x / norm));
  }
  return rows;
}

/** What five iterations make of a singular value of a matrix of Frobenius norm 1. */
function iterated(value: number): number {
  let x = value;
  for (let i = 0; i < 5; i++) x = 3.4445 * x - 4.775 * x ** 3 + 2.0315 * x ** 5;
  return x;
}

/** The matrix whose singular values are what five iterations make of these, scaled to a norm where one is given. */
function expectedPolar(
  values: readonly number[],
  [rows, columns]: readonly [number, number],
  norm?: number,
): number[] {
  const size = Math.hypot(...values);
  const polar = values.map((value) => iterated(value / size));
  const factor = norm === undefined ? 1 : norm / Math.hypot(...polar);
  return numbersOf(
    matrixOf(
      polar.map((x) => x * factor),
      rows,
      columns,
    ),
  );
}

const WIDE = [6, 40] as const;
const TALL = [40, 6] as const;
const SPREAD = [1, 0.8, 0.6, 0.4, 0.3, 0.2];

describe("the polar factor of a matrix with known singular values", () => {
  it.each([
    ["wide", WIDE],
    ["tall", TALL],
  ] as const)("is what five iterations make of them: %s", async (_, sizes) => {
    const m = matrixOf(SPREAD, sizes[0], sizes[1]);
    const { whole, gram } = await runGraph(
      { whole: newtonSchulz(inputFor("m", m)), gram: polarOfNorm(inputFor("m", m), 3) },
      { m },
    );
    if (!whole || !gram) throw new Error("two outputs expected");
    expectClose(numbersOf(whole), expectedPolar(SPREAD, sizes), FLOAT32);
    expectClose(numbersOf(gram), expectedPolar(SPREAD, sizes, 3), FLOAT32);
  });

  // The header of polar.ts has these numbers, from NumPy in float32 and float64.
  it.each([
    [2, 1e-4],
    [5, 4e-4],
  ])("is as exact as the Gram matrix allows over %d decades", async (decades, tolerance) => {
    const [rank, columns] = [64, 256] as const;
    const values = Array.from({ length: rank }, (_, i) => 10 ** ((-decades * i) / (rank - 1)));
    const m = matrixOf(values, rank, columns);
    const results = await runGraph({ y: polarOfNorm(inputFor("m", m), 1) }, { m });
    const expected = expectedPolar(values, [rank, columns], 1);
    const y = numbersOf(tensorNamed(results, "y"));
    expect(Math.hypot(...y.map((x, i) => x - (expected[i] ?? NaN)))).toBeLessThan(tolerance);
  });

  it("is the same whatever the scale of the matrix, down to 1e-25", async () => {
    const m = matrixOf(SPREAD, WIDE[0], WIDE[1]);
    const small = float32(
      WIDE,
      Float32Array.from(numbersOf(m), (x) => x * 2 ** -80),
    );
    const outputs = ["m", "small"].map((name) => polarOfNorm(inputFor(name, m), 1));
    const results = await runGraph(
      Object.fromEntries(outputs.map((value, i) => [`y${i}`, value])),
      { m, small },
    );
    expectClose(
      numbersOf(tensorNamed(results, "y1")),
      numbersOf(tensorNamed(results, "y0")),
      FLOAT32,
    );
  });

  it.each([
    ["zeros", 0],
    ["numbers that are as good as zeros", 1e-38],
  ])("of %s is as good as zeros", async (_, size) => {
    const m = float32(WIDE, new Float32Array(240).fill(size));
    const results = await runGraph(
      { whole: newtonSchulz(inputFor("m", m)), gram: polarOfNorm(inputFor("m", m), 1) },
      { m },
    );
    for (const name of ["whole", "gram"]) {
      const largest = Math.max(...numbersOf(tensorNamed(results, name)).map(Math.abs));
      expect(largest).toBeLessThanOrEqual(size === 0 ? 0 : 1e-4);
    }
  });
});

describe("what the polar factor costs", () => {
  // Of a matrix of 768 x 3072 with rank 64, in a step of 4096 tokens: the dense product dYᵀ X is 2 T n m.
  const [n, m, r, tokens] = [768, 3072, 64, 4096];
  const product = 2 * tokens * n * m;
  const x = input("x", "float32", [r, m]);
  const { operations } = compile({ y: polarOfNorm(x, 1) });

  it("is 0.3 % of the product that it follows", () => {
    // Two products with M, and eighteen of [r, r].
    expect(operations).toBe(2 * (2 * r * r * m + 18 * r ** 3));
    expect(operations / product).toBeLessThan(0.0032);
  });

  it("is less than a quarter of the iterations on the matrix itself", () => {
    expect(operations / compile({ y: newtonSchulz(x) }).operations).toBeLessThan(0.25);
  });
});

describe("the named optimizer", () => {
  const optimizer = namedOptimizer("muon", { weightDecay: 0.1 });
  it.each([
    ["a matrix", { role: "matrix", shape: [4, 6] }, "muon"],
    ["an adapter", { role: "adapter", shape: [4, 6] }, "muon"],
    ["a head", { role: "matrix", shape: [4, 6], isHead: true }, "adamw"],
    ["an embedding", { role: "embedding", shape: [4, 6] }, "adamw"],
    ["a norm", { role: "norm", shape: [4] }, "adamw"],
    ["a bias", { role: "bias", shape: [4] }, "adamw"],
    ["a convolution", { role: "matrix", shape: [4, 3, 2, 2] }, "adamw"],
  ])("updates %s by its rule", (_, param, label) => {
    expect(optimizer.labelOf({ name: "w", ...param })).toBe(label);
  });

  it("has a rate under which AdamW's is smaller", async () => {
    const stepper = await stepperOf(
      namedOptimizer("muon", { hyperparameters: { adamRate: 0.5 } }).rules["adamw"] ?? muon(),
      [2],
    );
    const before = { param: tensor([2], [1, 1]), state: stepper.initial };
    const feeds = { gradient: tensor([2], [1, -1]) };
    const { param } = await stepper.step(before, { learningRate: 0.01, step: 1, feeds });
    expectClose(numbersOf(param), [0.995, 1.005], FLOAT32);
    await stepper.release();
    expect(usualLearningRate("muon", "scratch", 128)).toBe(0.01);
  });
});
