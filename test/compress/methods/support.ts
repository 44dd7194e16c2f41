/** Steps of FLORA's neighbours beside those that NumPy takes from the papers' equations (`make_neighbours.py`, `make_followed.py`). */

import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import {
  type Compressor,
  isCompression,
  type WholeGradient,
} from "../../../src/compress/compressor.ts";
import { compressedShape, type Projection } from "../../../src/compress/projection.ts";
import { mapTensors } from "../../../src/graph/tensors.ts";
import { input } from "../../../src/graph/value.ts";
import { descent, muon, scaleByAdam } from "../../../src/optim/index.ts";
import { float32, type HostTensor, zeros } from "../../../src/tensor/host-tensor.ts";
import { expectClose, FLOAT32, numbersOf } from "../../support/close.ts";
import type { HostTensors } from "../../support/graph.ts";
import { makeStepper, type Trained } from "../../optim/support.ts";

interface Case {
  readonly method: string;
  readonly param: string;
  readonly side: Projection["side"];
  readonly rank: number;
  readonly projections: readonly (readonly number[])[];
  readonly weights: readonly (readonly number[])[];
  /** By projections. */
  readonly chances?: readonly number[];
}

interface Golden {
  readonly options: {
    readonly resampleEvery: number;
    readonly learningRate: number;
    readonly weightDecay: number;
  };
  readonly shapes: Readonly<Record<string, readonly [number, number]>>;
  readonly initial: Readonly<Record<string, readonly number[]>>;
  readonly gradients: Readonly<Record<string, readonly (readonly number[])[]>>;
  readonly cases: readonly Case[];
  readonly directions: {
    readonly shape: readonly [number, number];
    readonly rank: number;
    readonly matrix: readonly number[];
    readonly rows: readonly number[];
    readonly columns: readonly number[];
  };
}

export const golden: Golden = JSON.parse(readFileSync("test/golden/neighbours.json", "utf8"));

/** Those that follow their subspaces, and GUM, on the same weights and gradients. */
const followed: Pick<Golden, "cases"> = JSON.parse(
  readFileSync("test/golden/followed.json", "utf8"),
);

const tensor = (shape: readonly number[], data: readonly number[] = []): HostTensor =>
  float32(shape, Float32Array.from(data));

/** X Y of [n, m] and [m, k], row by row, in float64. */
function product(x: ArrayLike<number>, y: ArrayLike<number>, m: number): number[] {
  const [n, k] = [x.length / m, y.length / m];
  return Array.from({ length: n * k }, (_, at) => {
    const [i, j] = [Math.floor(at / k), at % k];
    let sum = 0;
    for (let l = 0; l < m; l++) sum += (x[i * m + l] ?? NaN) * (y[l * k + j] ?? NaN);
    return sum;
  });
}

const transposed = (x: ArrayLike<number>, columns: number): number[] =>
  Array.from(
    { length: x.length },
    (_, at) =>
      x[(at % (x.length / columns)) * columns + Math.floor(at / (x.length / columns))] ?? NaN,
  );

/** A gradient in memory. */
export const gradientOf = (g: readonly number[], columns: number): WholeGradient => ({
  read: () => Promise.resolve(Float32Array.from(g)),
  times: (x) => Promise.resolve(Float32Array.from(product(g, x, columns))),
  transposedTimes: (x) =>
    Promise.resolve(Float32Array.from(product(transposed(g, columns), x, g.length / columns))),
});

/** The cases of a method. */
const casesOf = (method: string) =>
  [...golden.cases, ...followed.cases]
    .filter((each) => each.method === method)
    .map((each) => [each.param, each.side, each] as const);

/** NumPy's steps of a method, under the projections that NumPy had. */
export function takesGoldenSteps(
  method: string,
  compressor: Compressor,
  direction: "adam" | "muon" = "adam",
): void {
  it.each(casesOf(method))("takes NumPy's steps: %s, of which %s are projected", async (...row) => {
    const [param, side, { rank, projections, weights, chances = [] }] = row;
    const shape = golden.shapes[param] ?? [0, 0];
    const { resampleEvery, learningRate, weightDecay } = golden.options;
    const base = direction === "adam" ? descent(scaleByAdam(), weightDecay) : muon({ weightDecay });
    const role = "matrix";
    const given = { name: param, shape, role, inChunks: false, inputAxis: 1 } as const;
    const found = compressor.compress(given, base);
    if (!isCompression(found)) throw new Error(found.reason);
    const { projection, subspace } = found;
    const dimension = side === "rows" ? shape[0] : shape[1];
    expect(projection).toMatchObject({ side, rank, dimension });

    const rule = compressor.rule(base, projection);
    const specs = rule.init(shape);
    const isWhole = compressor.needsWholeGradients === true;
    const accumulated = isWhole ? shape : compressedShape(shape, projection);
    const a = input("A", "float32", [rank, dimension]);
    const stepper = await makeStepper(shape, specs, (state, context) =>
      rule.update(input("C", "float32", accumulated), a, state, context),
    );
    const transferred = (state: HostTensors): HostTensors =>
      mapTensors(state, (own, name) => {
        expect([undefined, "reset"]).toContain(rule.transfers[name]);
        return rule.transfers[name] === "reset" ? zeros("float32", own.shape) : own;
      });
    let current: Trained = { param: tensor(shape, golden.initial[param]), state: stepper.initial };
    for (const [t, expected] of weights.entries()) {
      // Under another projection all state is as it was, but for what begins anew.
      if (t % resampleEvery === 0) current = { ...current, state: transferred(current.state) };
      // What is followed is drawn once.
      const matrix = projections[Math.floor(t / resampleEvery)] ?? projections[0] ?? [];
      const g = golden.gradients[param]?.[t] ?? [];
      if (subspace.kind === "learned" && t % resampleEvery === 0) {
        const learned = await subspace.learn(gradientOf(g, shape[1]));
        expectClose(Array.from(learned), matrix, FLOAT32, { what: `A of step ${t}` });
      }
      const c =
        side === "rows"
          ? product(matrix, g, shape[0])
          : product(g, transposed(matrix, dimension), shape[1]);
      current = await stepper.step(current, {
        learningRate,
        step: t + 1,
        feeds: {
          C: tensor(accumulated, isWhole ? g : c),
          A: tensor([rank, dimension], matrix),
          chance: tensor([], [chances[Math.floor(t / resampleEvery)] ?? NaN]),
        },
      });
      expectClose(numbersOf(current.param), expected, FLOAT32, { what: `step ${t}` });
    }
    await stepper.release();
  });
}
