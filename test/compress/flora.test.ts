/** FLORA's accumulation and momentum against an independent script in NumPy, and against dense training at full rank. */

import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { input } from "../../src/graph/value.ts";
import { compile } from "../../src/onnx/model.ts";
import {
  accumulator,
  type Family,
  type Projection,
  referenceStepRule,
  stepRule,
  transfer,
} from "../../src/compress/index.ts";
import { adafactor, adam, type GradientTransformation, sgd } from "../../src/optim/index.ts";
import { fillOrthonormal, foldIn, randomKey } from "../../src/random/index.ts";
import { float32, type HostTensor, zeros } from "../../src/tensor/host-tensor.ts";
import { expectClose, FLOAT32, numbersOf } from "../support/close.ts";
import { inputFor, loadProgram, runGraph, tensorNamed } from "../support/graph.ts";
import { normalTensor } from "../support/random.ts";
import { makeStepper, type Trained } from "../optim/support.ts";

type Numbers = Readonly<Record<string, readonly number[]>>;

interface RuleOptions {
  readonly microSteps: number;
  readonly momentum: number;
  readonly resampleEvery: number;
}

interface Golden {
  readonly rank: number;
  readonly shapes: Readonly<Record<string, readonly [number, number]>>;
  readonly sides: Readonly<Record<string, Projection["side"]>>;
  readonly initial: Numbers;
  readonly gradients: readonly Numbers[];
  readonly projections: Readonly<Record<string, readonly (readonly number[])[]>>;
  readonly rules: readonly {
    readonly name: string;
    readonly options: RuleOptions;
    readonly states: readonly Numbers[];
    readonly runs: readonly {
      readonly optimizer: string;
      readonly learningRate: number;
      readonly steps: readonly Numbers[];
    }[];
  }[];
}

const golden: Golden = JSON.parse(readFileSync("test/golden/flora.json", "utf8"));

const BASES: Readonly<Record<string, () => GradientTransformation>> = {
  sgd,
  adam: () => adam(),
  adafactor: () => adafactor(),
};
const baseNamed = (name: string) => BASES[name]?.() ?? sgd();

const tensor = (shape: readonly number[], data: readonly number[] = []): HostTensor =>
  float32(shape, Float32Array.from(data));

interface Training {
  readonly shape: readonly [number, number];
  readonly projection: Projection | undefined;
  readonly options: RuleOptions;
  readonly base: GradientTransformation;
  readonly learningRate: number;
  readonly steps: number;
  readonly initial: HostTensor;
  gradient(microStep: number): HostTensor;
  /** The projection matrix of a cycle. */
  matrix(cycle: number): HostTensor;
}

/** The parameter and the state (C, or M where there is momentum) after every step. */
async function train({ shape, projection, options, base, ...training }: Training) {
  const { microSteps, momentum, resampleEvery } = options;
  const { state, accumulate } = accumulator(shape, { projection });
  const stored = state["sum"]?.shape ?? [];
  const rule = stepRule({ projection, momentum, base });
  const a = projection && input("A", "float32", [projection.rank, projection.dimension]);
  const mean = input("mean", "float32", stored);
  const stepper = await makeStepper(shape, rule.init(shape), (own, context) =>
    rule.update(mean, a, own, context),
  );
  const sum = input("C", "float32", stored);
  const microStep = await loadProgram(
    compile({ "C'": accumulate({ sum }, input("G", "float32", shape), a)["sum"] ?? sum }),
  );

  const history: { readonly param: number[]; readonly state: number[] }[] = [];
  let current: Trained = { param: training.initial, state: stepper.initial };
  for (let t = 0; t < training.steps; t += 1) {
    const cycle = Math.floor(t / resampleEvery);
    const projected = training.matrix(cycle);
    let c: HostTensor = zeros("float32", stored);
    for (let micro = 0; micro < microSteps; micro += 1) {
      const g = training.gradient(t * microSteps + micro);
      c = tensorNamed(await microStep.run({ C: c, G: g, A: projected }), "C'");
    }
    if (projection && momentum > 0 && t > 0 && t % resampleEvery === 0) {
      const m = tensorNamed(current.state, "momentum.mean");
      const [from, to] = [training.matrix(cycle - 1), projected];
      const moved = transfer(
        inputFor("M", m),
        inputFor("from", from),
        inputFor("to", to),
        projection,
      );
      const { next = m } = await runGraph({ next: moved }, { M: m, from, to });
      current = { ...current, state: { ...current.state, "momentum.mean": next } };
    }
    const average = tensor(
      stored,
      numbersOf(c).map((x) => x / microSteps),
    );
    const { learningRate } = training;
    current = await stepper.step(current, {
      learningRate,
      step: t + 1,
      feeds: { mean: average, A: projected },
    });
    const kept = momentum > 0 ? tensorNamed(current.state, "momentum.mean") : c;
    history.push({ param: numbersOf(current.param), state: numbersOf(kept) });
  }
  await Promise.all([stepper.release(), microStep.release()]);
  return history;
}

const runs = golden.rules.flatMap(({ name, options, states, runs: all }) =>
  all.flatMap((run) =>
    Object.keys(golden.shapes).map(
      (param) => [name, run.optimizer, param, options, states, run] as const,
    ),
  ),
);

describe("ten steps", () => {
  it.each(runs)("of %s with %s on %s are NumPy's", async (...[, , param, options, states, run]) => {
    const shape = golden.shapes[param] ?? [0, 0];
    const side = golden.sides[param] ?? "columns";
    const dimension = side === "rows" ? shape[0] : shape[1];
    const history = await train({
      shape,
      projection: { side, rank: golden.rank, dimension, family: "gaussian" },
      options,
      base: baseNamed(run.optimizer),
      learningRate: run.learningRate,
      steps: run.steps.length,
      initial: tensor(shape, golden.initial[param]),
      gradient: (i) => tensor(shape, golden.gradients[i]?.[param]),
      matrix: (cycle) => tensor([golden.rank, dimension], golden.projections[param]?.[cycle]),
    });
    for (const [t, after] of history.entries()) {
      expectClose(after.state, states[t]?.[param] ?? [], FLOAT32, { what: `state ${t}` });
      expectClose(after.param, run.steps[t]?.[param] ?? [], FLOAT32, { what: `step ${t}` });
    }
  });
});

describe("an orthonormal projection of full rank", () => {
  const shape = [6, 9] as const;
  const training = {
    shape,
    steps: 7,
    initial: normalTensor(1, shape),
    gradient: (microStep: number) => normalTensor(10 + microStep, shape),
  };

  it.each([
    ["rows", "sgd", 0],
    ["columns", "sgd", 0.9],
    ["rows", "adam", 0.9],
    ["columns", "adafactor", 0],
    ["rows", "adafactor", 0.5],
  ] as const)("of the %s is dense training: %s, momentum %d", async (side, name, momentum) => {
    const options = { microSteps: 2, momentum, resampleEvery: 3 };
    const dimension = side === "rows" ? shape[0] : shape[1];
    const common = { ...training, options, learningRate: 0.01 };
    const compressed = await train({
      ...common,
      base: baseNamed(name),
      projection: { side, rank: dimension, dimension, family: "orthonormal" },
      matrix(cycle) {
        const out = new Float32Array(dimension * dimension);
        fillOrthonormal(foldIn(randomKey(3), cycle), out, dimension, dimension);
        return float32([dimension, dimension], out);
      },
    });
    const dense = await train({
      ...common,
      base: baseNamed(name),
      projection: undefined,
      matrix: () => zeros("float32", [0, 0]),
    });
    for (const [t, { param }] of compressed.entries()) {
      expectClose(param, dense[t]?.param ?? [], FLOAT32, { what: `step ${t}` });
    }
  });
});

describe("the reference's rule", () => {
  const shape = [5, 4] as const;
  const base = sgd();
  const learningRate = 0.5;
  const family: Family = "gaussian";
  const projection = { side: "columns", rank: 2, dimension: 4, family } as const;

  it("is that of the paper without a projection", () => {
    const options = { projection: undefined, momentum: 0.9, base };
    expect(referenceStepRule(options).init(shape)).toEqual(stepRule(options).init(shape));
  });

  it("mixes the direction itself into every step, and compresses the rest", async () => {
    const beta = 0.8;
    const rule = referenceStepRule({ projection, momentum: beta, base });
    const a = normalTensor(1, [2, 4]);
    const gradient = input("gradient", "float32", shape);
    const stepper = await makeStepper(shape, rule.init(shape), (state, context) =>
      rule.update(gradient, inputFor("A", a), state, context),
    );
    let current: Trained = { param: zeros("float32", shape), state: stepper.initial };
    // step = β M A + (1 - β) u,  M ← β M + (1 - β) u Aᵀ,  in plain loops
    const entry = (r: number, j: number) => Number(a.data[r * 4 + j]);
    let moment = Array.from({ length: 5 }, () => [0, 0]);
    const w = Array.from({ length: 5 }, () => [0, 0, 0, 0]);
    for (let t = 0; t < 4; t += 1) {
      const g = normalTensor(20 + t, shape);
      current = await stepper.step(current, {
        learningRate,
        step: t + 1,
        feeds: { gradient: g, A: a },
      });
      for (const [i, row] of w.entries()) {
        const u = [0, 1, 2, 3].map((j) => -learningRate * Number(g.data[i * 4 + j]));
        const old = moment[i] ?? [];
        for (const [j, direction] of u.entries()) {
          const kept = old.reduce((sum, m, r) => sum + beta * m * entry(r, j), 0);
          row[j] = (row[j] ?? 0) + kept + (1 - beta) * direction;
        }
        moment = moment.with(
          i,
          old.map((m, r) => beta * m + (1 - beta) * u.reduce((s, x, j) => s + x * entry(r, j), 0)),
        );
      }
      expectClose(numbersOf(current.param), w.flat(), FLOAT32);
      expectClose(numbersOf(tensorNamed(current.state, "momentum.mean")), moment.flat(), FLOAT32);
    }
    await stepper.release();
  });
});

it("stores a compressed accumulator, and a base state of the whole parameter", () => {
  const projection = { side: "rows", rank: 2, dimension: 6, family: "gaussian" } as const;
  const columns = { ...projection, side: "columns", dimension: 8 } as const;
  const stored = [projection, columns, undefined].map(
    (each) => accumulator([6, 8], { projection: each }).state["sum"]?.shape,
  );
  expect(stored).toEqual([
    [2, 8],
    [6, 2],
    [6, 8],
  ]);
  const specs = stepRule({ projection, momentum: 0.9, base: adam() }).init([6, 8]);
  expect(Object.values(specs).map(({ shape }) => shape)).toEqual([
    [2, 8],
    [6, 8],
    [6, 8],
  ]);
  expect(Object.keys(stepRule({ projection, momentum: 0, base: sgd() }).init([6, 8]))).toEqual([]);
});
