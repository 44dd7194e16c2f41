/** Ten steps of every optimizer against torch and transformers, and what every one of them must do. */

import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import {
  adafactor,
  adam,
  adamw,
  namedOptimizer,
  ruleAt,
  type GradientTransformation,
  type OptimizerName,
  relativeStepSize,
  sgd,
  sgdMomentum,
  usualLearningRate,
} from "../../src/optim/index.ts";
import { float32, type HostTensor } from "../../src/tensor/host-tensor.ts";
import { expectClose, FLOAT32, numbersOf } from "../support/close.ts";
import { normalTensor } from "../support/random.ts";
import { stepperOf, type Trained } from "./support.ts";

type Numbers = Readonly<Record<string, readonly number[]>>;

interface Golden {
  readonly shapes: Readonly<Record<string, readonly number[]>>;
  readonly initial: Numbers;
  readonly gradients: readonly Numbers[];
  readonly optimizers: readonly {
    readonly name: string;
    readonly learningRate: number | null;
    readonly options: Readonly<Record<string, number>>;
    readonly steps: readonly Numbers[];
  }[];
}

const golden: Golden = JSON.parse(readFileSync("test/golden/optim.json", "utf8"));

/** One row for each recorded run. */
const OPTIMIZERS: Readonly<Record<string, GradientTransformation>> = {
  sgd: sgd(),
  momentum: sgdMomentum({ decay: 0.9 }),
  nesterov: sgdMomentum({ decay: 0.9, nesterov: true }),
  adam: adam(),
  "adam-constants": adam({ b1: 0.8, b2: 0.95, eps: 1e-3 }),
  adamw: adamw({ weightDecay: 0.1 }),
  adafactor: adafactor(),
  "adafactor-relative": adafactor(),
  "adafactor-momentum": adafactor({ b1: 0.9 }),
  "adafactor-unscaled": adafactor({ scaleByParameter: false }),
  "adafactor-decay": adafactor({ weightDecay: 0.1 }),
};

const tensor = (shape: readonly number[], data: readonly number[] = []): HostTensor =>
  float32(shape, Float32Array.from(data));

it("has a row for every recorded run, and a run for every row", () => {
  expect(Object.keys(OPTIMIZERS)).toEqual(golden.optimizers.map(({ name }) => name));
});

describe.each(golden.optimizers.map((run) => [run.name, run] as const))("%s", (name, run) => {
  it.each(Object.entries(golden.shapes))(
    "takes the reference's ten steps: %s",
    async (param, shape) => {
      const stepper = await stepperOf(OPTIMIZERS[name] ?? sgd(), shape);
      let state: Trained = {
        param: tensor(shape, golden.initial[param]),
        state: stepper.initial,
      };
      for (const [i, expected] of run.steps.entries()) {
        const step = i + 1;
        const gradient = tensor(shape, golden.gradients[i]?.[param]);
        const learningRate = run.learningRate ?? relativeStepSize(step);
        state = await stepper.step(state, { learningRate, step, feeds: { gradient } });
        expectClose(numbersOf(state.param), expected[param] ?? [], FLOAT32, {
          what: `step ${step}`,
        });
      }
      await stepper.release();
    },
  );
});

const NAMES: readonly OptimizerName[] = ["sgd", "momentum", "adam", "adamw", "adafactor", "muon"];

/** The rule of a parameter of a layer. */
function ruleFor(name: OptimizerName, weightDecay: number, shape: readonly number[]) {
  const optimizer = namedOptimizer(name, { weightDecay });
  const role = shape.length === 2 ? "matrix" : "bias";
  return ruleAt(optimizer, optimizer.labelOf({ name: "w", shape, role }));
}

describe.each(NAMES)("the base optimizer %s", (name) => {
  const shape = [3, 4];
  const target = normalTensor(2, shape);

  /** Minimises |w - target|² / 2. */
  async function descend(steps: number, weightDecay: number, from?: Trained, done = 0) {
    const stepper = await stepperOf(ruleFor(name, weightDecay, shape), shape);
    let state = from ?? { param: normalTensor(1, shape), state: stepper.initial };
    for (let step = done + 1; step <= done + steps; step += 1) {
      const data = numbersOf(state.param).map((w, i) => w - Number(target.data[i]));
      const learningRate = usualLearningRate(name, "scratch") * (/^ada|muon/.test(name) ? 2 : 1);
      const feeds = { gradient: tensor(shape, data) };
      state = await stepper.step(state, { learningRate, step, feeds });
    }
    await stepper.release();
    return state;
  }
  const distance = ({ param }: Trained) =>
    Math.hypot(...numbersOf(param).map((w, i) => w - Number(target.data[i])));

  it("moves towards the minimum of a quadratic", async () => {
    const start = distance({ param: normalTensor(1, shape), state: {} });
    expect(distance(await descend(100, 0))).toBeLessThan(0.95 * start);
  });

  it("goes on from its state with the same bits", async () => {
    const half = await descend(5, 0.01);
    const whole = await descend(10, 0.01);
    expect(await descend(5, 0.01, half, 5)).toEqual(whole);
  });

  it("keeps the state that it announces", async () => {
    const specs = ruleFor(name, 0.1, shape).init(shape);
    const { state } = await descend(1, 0.1);
    expect(Object.entries(state).map(([key, { shape: kept }]) => [key, kept])).toEqual(
      Object.entries(specs).map(([key, spec]) => [key, spec.shape]),
    );
  });

  it.each([
    ["matrices", [2, 3], true],
    ["vectors", [6], false],
  ] as const)("decays %s as it should", async (_, size, decays) => {
    const param = tensor(size, [1, 2, 3, 4, 5, 6]);
    const feeds = { gradient: tensor(size, [1, 1, 1, 1, 1, 1]) };
    const updated = await Promise.all(
      [1e-9, 0.5].map(async (weightDecay) => {
        const stepper = await stepperOf(ruleFor(name, weightDecay, size), size);
        const before = { param, state: stepper.initial };
        const after = await stepper.step(before, { learningRate: 0.01, step: 1, feeds });
        await stepper.release();
        return numbersOf(after.param);
      }),
    );
    const [without = [], withDecay = []] = updated;
    // Adafactor multiplies decay and rate by the parameter's root mean square.
    const rate = name === "adafactor" ? 0.01 * Math.sqrt(91 / 6) : 0.01;
    const expected = without.map((w, i) => w - (decays ? rate * 0.5 * (i + 1) : 0));
    expectClose(withDecay, expected, FLOAT32);
  });
});

describe("the second moment of Adafactor", () => {
  it.each([
    ["a row and a column for matrices", [5, 7], 12],
    ["every element for vectors", [5], 5],
  ] as const)("holds %s", (_, shape, elements) => {
    const sizes = Object.values(adafactor().init(shape)).map((spec) =>
      spec.shape.reduce((n, dim) => n * dim, 1),
    );
    expect(sizes.reduce((n, size) => n + size, 0)).toBe(elements);
  });

  it("survives a gradient of zeros", async () => {
    const stepper = await stepperOf(adafactor(), [2, 3]);
    const before = { param: normalTensor(1, [2, 3]), state: stepper.initial };
    const feeds = { gradient: tensor([2, 3], [0, 0, 0, 0, 0, 0]) };
    const after = await stepper.step(before, { learningRate: 0.01, step: 1, feeds });
    expect(numbersOf(after.param)).toEqual(numbersOf(before.param));
    await stepper.release();
  });
});
