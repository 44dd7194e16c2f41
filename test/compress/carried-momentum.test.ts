/** Muon in subspaces against NumPy, which forms the whole gradient: momentum in the accumulator and beside it, on both sides and from both families. */

import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import {
  accumulator,
  type AccumulatorDType,
  carriedMomentum,
  compressedShape,
  type Family,
  matrixShape,
  type Projection,
  type StepRule,
  withOwnMomentum,
} from "../../src/compress/index.ts";
import { mapTensors, type Tensors } from "../../src/graph/tensors.ts";
import { input } from "../../src/graph/value.ts";
import { compile } from "../../src/onnx/model.ts";
import { muon } from "../../src/optim/index.ts";
import { float32, type HostTensor, zeros } from "../../src/tensor/host-tensor.ts";
import { expectClose, FLOAT32, numbersOf } from "../support/close.ts";
import { type HostTensors, loadProgram, tensorNamed } from "../support/graph.ts";
import { makeStepper, type Trained } from "../optim/support.ts";
import { keepsNarrow } from "../support/device.ts";

interface Case {
  readonly family: Family;
  readonly side: Projection["side"];
  readonly shape: readonly [number, number];
  readonly initial: readonly number[];
  /** Of every micro-step. */
  readonly gradients: readonly (readonly number[])[];
  /** Of every window. */
  readonly projections: readonly (readonly number[])[];
  readonly steps: readonly (readonly number[])[];
}

interface Golden {
  readonly compressed: {
    readonly rank: number;
    readonly microSteps: number;
    readonly resampleEvery: number;
    readonly decay: number;
    readonly learningRate: number;
    readonly weightDecay: number;
    readonly cases: readonly Case[];
  };
}

const { compressed }: Golden = JSON.parse(readFileSync("test/golden/muon.json", "utf8"));
const { rank, microSteps, resampleEvery, learningRate } = compressed;

const tensor = (shape: readonly number[], data: readonly number[] = []): HostTensor =>
  float32(shape, Float32Array.from(data));

const projectionOf = ({ family, side, shape }: Case): Projection => ({
  side,
  rank,
  dimension: side === "rows" ? shape[0] : shape[1],
  family,
});

function ruleOf(own: Case): StepRule {
  const { decay: subspaceDecay, weightDecay } = compressed;
  const { inSubspace } = muon({ subspaceDecay, weightDecay });
  if (!inSubspace) throw new Error("Muon works in subspaces");
  return carriedMomentum(inSubspace, projectionOf(own));
}

/** Programs of an accumulator of a case: a gradient more, and a share of the sum. */
async function loadAccumulator(own: Case, dtype: AccumulatorDType = "float32") {
  const projection = projectionOf(own);
  const sums = accumulator(own.shape, { projection, dtype });
  const inputs = mapTensors(sums.state, (spec, name) =>
    input(name, spec.dtype ?? "float32", spec.shape),
  );
  const load = (next: Tensors) =>
    loadProgram(
      compile(Object.fromEntries(Object.entries(next).map(([key, x]) => [`next ${key}`, x]))),
    );
  const [g, a] = [input("G", "float32", own.shape), input("A", "float32", matrixShape(projection))];
  const add = await load(sums.accumulate(inputs, g, a));
  const decay = await load(sums.decayed(inputs, compressed.decay));
  const read = await loadProgram(compile({ total: sums.sum(inputs) }));
  const next = (results: HostTensors): HostTensors =>
    mapTensors(sums.state, (_, key) => tensorNamed(results, `next ${key}`));
  return {
    empty: mapTensors(sums.state, (spec) => zeros(spec.dtype ?? "float32", spec.shape)),
    add: async (state: HostTensors, feeds: HostTensors) =>
      next(await add.run({ ...state, ...feeds })),
    async decay(state: HostTensors): Promise<HostTensors> {
      const results = await decay.run(state);
      return mapTensors(state, (kept, key) => results[`next ${key}`] ?? kept);
    },
    sum: async (state: HostTensors) => tensorNamed(await read.run(state), "total"),
    release: () => Promise.all([add, decay, read].map((program) => program.release())),
  };
}

/** The weights after every step. */
async function run(own: Case, rule: StepRule, dtype?: AccumulatorDType): Promise<HostTensor[]> {
  const projection = projectionOf(own);
  const sums = await loadAccumulator(own, dtype);
  const specs = rule.init(own.shape);
  const a = input("A", "float32", matrixShape(projection));
  const c = input("C", "float32", compressedShape(own.shape, projection));
  const stepper = await makeStepper(own.shape, specs, (state, context) =>
    rule.update(c, a, state, context),
  );
  let held = sums.empty;
  let trained: Trained = { param: tensor(own.shape, own.initial), state: stepper.initial };
  const weights: HostTensor[] = [];
  for (const t of own.steps.keys()) {
    const A = tensor(matrixShape(projection), own.projections[Math.floor(t / resampleEvery)]);
    if (t % resampleEvery === 0) {
      if (rule.carry !== undefined) held = sums.empty;
      expect(Object.values(rule.transfers).every((transfer) => transfer === "reset")).toBe(true);
      trained = { ...trained, state: stepper.initial };
    }
    for (const gradient of own.gradients.slice(t * microSteps, (t + 1) * microSteps)) {
      held = await sums.add(held, { A, G: tensor(own.shape, gradient) });
    }
    const feeds = { A, C: await sums.sum(held) };
    trained = await stepper.step(trained, { learningRate, step: t + 1, feeds });
    weights.push(trained.param);
    held = rule.carry === undefined ? sums.empty : await sums.decay(held);
  }
  await Promise.all([stepper.release(), sums.release()]);
  return weights;
}

describe.each(compressed.cases.map((own) => [own.family, own.side, own] as const))(
  "%s, %s",
  (_family, _side, own) => {
    it("takes NumPy's steps with the momentum in the accumulator, and nothing beside it", async () => {
      const rule = ruleOf(own);
      expect(rule.init(own.shape)).toEqual({});
      for (const [t, weight] of (await run(own, rule)).entries()) {
        expectClose(numbersOf(weight), own.steps[t] ?? [], FLOAT32, { what: `step ${t}` });
      }
    });

    it("takes the same steps with the momentum beside it", async () => {
      const projection = projectionOf(own);
      const rule = withOwnMomentum(ruleOf(own), projection);
      expect(rule.carry).toBeUndefined();
      expect(rule.init(own.shape)["momentum"]?.shape).toEqual(
        compressedShape(own.shape, projection),
      );
      for (const [t, weight] of (await run(own, rule)).entries()) {
        expectClose(numbersOf(weight), own.steps[t] ?? [], FLOAT32, { what: `step ${t}` });
      }
    });

    // A rounding is 1/254 of the largest element, and each moves an update by about as much: three rates of 0.2 a window.
    it.skipIf(!keepsNarrow)("stays near them in eight bits", async () => {
      const weights = await run(own, ruleOf(own), "int8");
      const [last] = weights.slice(-1);
      if (!last) throw new Error("no step was taken");
      expectClose(numbersOf(last), own.steps.at(-1) ?? [], 0.01);
    });
  },
);

it("takes no step from a gradient of zeros", async () => {
  const [own] = compressed.cases;
  if (!own) throw new Error("no case");
  const still = { ...own, gradients: own.gradients.map((g) => g.map(() => 0)) };
  const { inSubspace } = muon();
  if (!inSubspace) throw new Error("Muon works in subspaces");
  const [first] = await run(still, carriedMomentum(inSubspace, projectionOf(own)));
  expect(first && numbersOf(first)).toEqual(own.initial.map(Math.fround));
});
