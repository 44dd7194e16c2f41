/** The recursion against SGD on A and B, in NumPy and here; the published bound and what breaks it. */

import fc from "fast-check";
import { Matrix } from "ml-matrix";
import { describe, expect, it } from "vitest";
import { relativeDistance, spectralNorm } from "../../../src/lab/theory/matrix.ts";
import {
  adaptersOf,
  advance,
  alternating,
  compressedSum,
  publishedBound,
  secondTerm,
  startRecursion,
  updateOf,
} from "../../../src/lab/theory/recursion.ts";
import golden from "../../golden/dynamics.json" with { type: "json" };
import { FLOAT64 } from "../../support/close.ts";
import { normals } from "../../support/random.ts";

const matrix = (rows: readonly (readonly number[])[]) =>
  new Matrix(rows.map((row) => Array.from(row)));

describe.each(golden.runs.map((run, i) => [i, run] as const))("run %d of NumPy", (_, run) => {
  const { rate, scale } = run;
  const options = { rate, scale };
  const a0 = matrix(run.a0);
  const gradients = run.gradients.map(matrix);
  const start = startRecursion(gradients[0]?.rows ?? 0, gradients[0]?.columns ?? 0);
  const end = gradients.reduce((state, g) => advance(state, g, options), start);
  const adapters = adaptersOf(end, a0, options);

  it.each([
    ["A", adapters.a, run.a],
    ["B", adapters.b, run.b],
    ["s B A", updateOf(adapters, options), run.update],
    ["the second term", secondTerm(end, a0, options), run.secondTerm],
    ["the compressed sum", compressedSum(end, a0, options), run.compressedSum],
    ...(run.fA ? [["f_A", end.fA, run.fA] as const] : []),
    ...(run.fB ? [["f_B", end.fB, run.fB] as const] : []),
    ...(run.normFA
      ? [["||f_A||", new Matrix([[spectralNorm(end.fA)]]), [[run.normFA]]] as const]
      : []),
  ] as const)("has the same %s", (_name, actual, expected) => {
    expect(relativeDistance(actual, matrix(expected))).toBeLessThan(FLOAT64);
  });
});

it("is SGD on A and B, for any sizes, rate, scale and gradients", () => {
  const size = fc.integer({ min: 1, max: 7 });
  const shape = fc.record({ n: size, m: size, r: size, steps: size, seed: fc.nat(1e6) });
  const number = fc.double({ min: 0.01, max: 0.2, noNaN: true });
  const property = fc.property(shape, number, number, ({ n, m, r, steps, seed }, rate, half) => {
    const draw = normals(seed);
    const random = (rows: number, columns: number) =>
      new Matrix(Array.from({ length: rows }, () => Array.from({ length: columns }, draw)));
    const options = { rate, scale: 10 * half };
    const a0 = random(r, m);
    let [a, b] = [a0, Matrix.zeros(n, r)];
    let state = startRecursion(n, m);
    for (let t = 0; t < steps; t++) {
      const g = random(n, m);
      const step = options.scale * rate;
      const nextA = Matrix.sub(a, b.transpose().mmul(g).mul(step));
      b = Matrix.sub(b, g.mmul(a.transpose()).mul(step));
      a = nextA;
      state = advance(state, g, options);
    }
    const found = adaptersOf(state, a0, options);
    expect(relativeDistance(found.a, a)).toBeLessThan(FLOAT64);
    expect(relativeDistance(found.b, b)).toBeLessThan(FLOAT64);
  });
  fc.assert(property, { numRuns: 200 });
});

describe("the published bound", () => {
  it.each(golden.bounds)("of $rate, $sumNorm at $step is the sum of the series", (row) => {
    const found = publishedBound(row.rate, row.sumNorm, row.step);
    expect(found / (row.bound || 1)).toBeCloseTo(row.bound === 0 ? 0 : 1, 12);
  });

  it.each(golden.alternating)("is broken by G_t = (-1)^t at rate $rate", ({ rate, norms }) => {
    const found = alternating(rate, norms.length - 1);
    for (const [t, norm] of norms.entries()) expect(found[t]).toBeCloseTo(norm, 12);
    const broken = found.findIndex((norm, t) => norm > publishedBound(rate, 1, t));
    expect(broken).toBe(4);
  });
});
