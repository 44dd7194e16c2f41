/** Adam in the compressed space against NumPy, across two changes of the projection. */

import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { input } from "../../src/graph/value.ts";
import {
  inProjectedSpace,
  type Projection,
  transfer,
  transferMean,
} from "../../src/compress/index.ts";
import { descent, scaleByAdam } from "../../src/optim/index.ts";
import { float32, type HostTensor } from "../../src/tensor/host-tensor.ts";
import { expectClose, FLOAT32, numbersOf } from "../support/close.ts";
import { inputFor, runGraph, tensorNamed } from "../support/graph.ts";
import { makeStepper, type Trained } from "../optim/support.ts";

type Numbers = Readonly<Record<string, readonly number[]>>;

interface Golden {
  readonly rank: number;
  readonly options: {
    readonly microSteps: number;
    readonly resampleEvery: number;
    readonly learningRate: number;
  };
  readonly shapes: Readonly<Record<string, readonly [number, number]>>;
  readonly sides: Readonly<Record<string, Projection["side"]>>;
  readonly initial: Numbers;
  readonly gradients: readonly Numbers[];
  readonly projections: Readonly<Record<string, readonly (readonly number[])[]>>;
  readonly states: readonly Readonly<
    Record<string, { readonly mean: readonly number[]; readonly variance: readonly number[] }>
  >[];
  readonly weights: readonly Numbers[];
}

const golden: Golden = JSON.parse(readFileSync("test/golden/flora_adam.json", "utf8"));

const tensor = (shape: readonly number[], data: readonly number[] = []): HostTensor =>
  float32(shape, Float32Array.from(data));

/** C = A G or G Aᵀ, row by row. */
function compressed(g: readonly number[], a: readonly number[], param: string): number[] {
  const [n, m] = golden.shapes[param] ?? [0, 0];
  const rows = golden.sides[param] === "rows";
  const { rank } = golden;
  const at = (i: number, j: number) => g[i * m + j] ?? NaN;
  const dimension = rows ? n : m;
  const sum = (k: number, of: (d: number) => number) =>
    Array.from({ length: dimension }, (_, d) => (a[k * dimension + d] ?? NaN) * of(d)).reduce(
      (total, x) => total + x,
      0,
    );
  return rows
    ? Array.from({ length: rank * m }, (_, i) => sum(Math.floor(i / m), (d) => at(d, i % m)))
    : Array.from({ length: n * rank }, (_, i) => sum(i % rank, (d) => at(Math.floor(i / rank), d)));
}

describe.each(Object.keys(golden.shapes))("%s", (param) => {
  const shape = golden.shapes[param] ?? [0, 0];
  const side = golden.sides[param] ?? "columns";
  const dimension = side === "rows" ? shape[0] : shape[1];
  const projection: Projection = { side, rank: golden.rank, dimension, family: "gaussian" };
  const rule = inProjectedSpace(descent(scaleByAdam(), 0), projection);
  const matrix = (cycle: number) =>
    tensor([golden.rank, dimension], golden.projections[param]?.[cycle]);

  it("takes NumPy's twelve steps", async () => {
    const specs = rule.init(shape);
    const stored = specs["mu"]?.shape ?? [];
    const a = input("A", "float32", [golden.rank, dimension]);
    const stepper = await makeStepper(shape, specs, (state, context) =>
      rule.update(input("C", "float32", stored), a, state, context),
    );
    const { microSteps, resampleEvery, learningRate } = golden.options;
    let current: Trained = {
      param: tensor(shape, golden.initial[param]),
      state: stepper.initial,
    };
    for (const [t, expected] of golden.weights.entries()) {
      const cycle = Math.floor(t / resampleEvery);
      if (t > 0 && t % resampleEvery === 0) {
        const [mu, nu] = [tensorNamed(current.state, "mu"), tensorNamed(current.state, "nu")];
        const [from, to] = [matrix(cycle - 1), matrix(cycle)];
        const moved = await runGraph(
          {
            "next mu": transfer(
              inputFor("mu", mu),
              inputFor("from", from),
              inputFor("to", to),
              projection,
            ),
            "next nu": transferMean(inputFor("nu", nu), projection),
          },
          { mu, nu, from, to },
        );
        const state = { mu: tensorNamed(moved, "next mu"), nu: tensorNamed(moved, "next nu") };
        current = { ...current, state };
      }
      const own = golden.gradients.slice(t * microSteps, (t + 1) * microSteps);
      const parts = own.map((g) =>
        compressed(g[param] ?? [], golden.projections[param]?.[cycle] ?? [], param),
      );
      const mean = (parts[0] ?? []).map(
        (_, i) => parts.reduce((sum, part) => sum + (part[i] ?? NaN), 0) / microSteps,
      );
      current = await stepper.step(current, {
        learningRate,
        step: t + 1,
        feeds: { C: tensor(stored, mean), A: matrix(cycle) },
      });
      const state = golden.states[t]?.[param];
      const what = `step ${t + 1}`;
      expectClose(numbersOf(tensorNamed(current.state, "mu")), state?.mean ?? [], FLOAT32, {
        what,
      });
      expectClose(numbersOf(tensorNamed(current.state, "nu")), state?.variance ?? [], FLOAT32, {
        what,
      });
      expectClose(numbersOf(current.param), expected[param] ?? [], FLOAT32, { what });
    }
    await stepper.release();
  });

  it("moves the first moment with the projection, and averages the second", () => {
    expect(rule.transfers).toEqual({ mu: "move", nu: "mean" });
  });

  it("keeps twice the compressed gradient", () => {
    const elements = Object.values(rule.init(shape)).reduce(
      (sum, spec) => sum + spec.shape.reduce((n, dim) => n * dim, 1),
      0,
    );
    const large = side === "rows" ? shape[1] : shape[0];
    expect(elements).toBe(2 * golden.rank * large);
  });
});
