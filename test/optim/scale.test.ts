/** SCALE against NumPy's steps of its algorithm (`make_scale.py`), and what it does with each kind of parameter. */

import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { namedOptimizer, ruleAt, type RuledParam } from "../../src/optim/index.ts";
import { stateBytes } from "../../src/optim/transform.ts";
import { float32, type HostTensor } from "../../src/tensor/host-tensor.ts";
import { expectClose, FLOAT32, numbersOf } from "../support/close.ts";
import { stepperOf, type Trained } from "./support.ts";

type Numbers = Readonly<Record<string, readonly number[]>>;

interface Golden {
  readonly learningRate: number;
  readonly weightDecay: number;
  readonly shapes: Readonly<Record<string, readonly number[]>>;
  readonly initial: Numbers;
  readonly gradients: readonly Numbers[];
  readonly steps: readonly Numbers[];
}

const golden: Golden = JSON.parse(readFileSync("test/golden/scale.json", "utf8"));

const tensor = (shape: readonly number[], data: readonly number[] = []): HostTensor =>
  float32(shape, Float32Array.from(data));

const KINDS: Readonly<Record<string, Omit<RuledParam, "name" | "shape">>> = {
  linear: { role: "matrix", inputAxis: 1 },
  transposed: { role: "matrix", inputAxis: 0 },
  embedding: { role: "embedding" },
  head: { role: "embedding", isHead: true },
  norm: { role: "norm" },
};

const { weightDecay, learningRate } = golden;
const optimizer = namedOptimizer("scale", { weightDecay });

it.each(Object.entries(KINDS))("takes NumPy's steps: %s", async (name, kind) => {
  const shape = golden.shapes[name] ?? [];
  const rule = ruleAt(optimizer, optimizer.labelOf({ name, shape, ...kind }));
  expect(stateBytes(rule.init(shape)) > 0).toBe(name === "head" || name === "norm");
  const stepper = await stepperOf(rule, shape);
  let trained: Trained = { param: tensor(shape, golden.initial[name]), state: stepper.initial };
  for (const [i, expected] of golden.steps.entries()) {
    const feeds = { gradient: tensor(shape, golden.gradients[i]?.[name]) };
    trained = await stepper.step(trained, { learningRate, step: i + 1, feeds });
    expectClose(numbersOf(trained.param), expected[name] ?? [], FLOAT32, { what: `step ${i}` });
  }
  await stepper.release();
});

it.each<[string, RuledParam, string]>([
  [
    "a head that is transposed",
    { name: "head", shape: [3, 7], role: "matrix", inputAxis: 0, isHead: true },
    "head, rows",
  ],
  ["a kernel with four axes", { name: "patch", shape: [8, 3, 4, 4], role: "matrix" }, "adamw"],
  ["an adapter", { name: "a", shape: [4, 6], role: "adapter" }, "columns"],
])("knows %s", (_, param, label) => {
  expect(optimizer.labelOf(param)).toBe(label);
});
