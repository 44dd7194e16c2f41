/** Whole gradients are there from the beginning of a step that learns subspaces to its end, and nowhere else. */

import { describe, expect, it } from "vitest";
import { dense } from "../../src/compress/flora-compressor.ts";
import { stepRule } from "../../src/compress/flora.ts";
import { openEngine } from "../../src/engine/engine.ts";
import { objectiveOf } from "../../src/engine/objectives/registry.ts";
import { drawWeight } from "../../src/engine/parts/initial-weights.ts";
import { planParameters } from "../../src/engine/plan.ts";
import { openWholeGradients } from "../../src/engine/whole-gradients.ts";
import type { Compressor } from "../../src/compress/compressor.ts";
import { namedOptimizer } from "../../src/optim/registry.ts";
import { cpuRuntime } from "../../src/runtime/node.ts";
import { expectClose, FLOAT32 } from "../support/close.ts";
import { batchAt, tiny } from "./support.ts";

const learning: Compressor = {
  ...dense(),
  compress: ({ role, shape: [, columns = 0] }) =>
    role === "matrix"
      ? {
          projection: { side: "columns", rank: 2, dimension: columns, family: "gaussian" },
          description: "rank 2",
          subspace: {
            kind: "learned",
            learn: () => Promise.resolve(new Float32Array(2 * columns)),
          },
        }
      : { reason: role },
};

const opened = (compressor: Compressor) => {
  const plan = planParameters(tiny, { compressor, optimizer: namedOptimizer("sgd") });
  const shapes = [tiny.inputTypes(2, 16)];
  const runtime = cpuRuntime({ threads: 1 });
  return openEngine({ model: tiny, plan, runtime, seed: 0, shapes, microSteps: 1 });
};

it("there are none where no subspace is learned", () => {
  expect(openWholeGradients(opened(dense()).parts, objectiveOf(tiny))).toBeUndefined();
});

it("accumulators are whole while they are open", () => {
  const { parts, state } = opened(learning);
  const whole = openWholeGradients(parts, objectiveOf(tiny));
  if (!whole) throw new Error("there are none");
  const shapeOf = () => whole.accumulators.get("h.0.mlp.c_fc.weight")?.["sum"]?.shape;
  expect([whole.isOpen(), shapeOf()]).toEqual([false, [32, 2]]);
  whole.begin();
  expect([whole.isOpen(), shapeOf()]).toEqual([true, [32, 128]]);
  expect(state.accumulators.get("h.0.mlp.c_fc.weight")?.["sum"]?.shape).toEqual([32, 2]);
  whole.discard();
  expect([whole.isOpen(), shapeOf()]).toEqual([false, [32, 2]]);
});

describe.each([
  ["compressed in other steps", "float32", false],
  ["whole in all steps", "float32", true],
  ["whole in all steps, in eight bits", "int8", true],
] as const)("what is learned from, of gradients that are %s", (_, dtype, isWhole) => {
  const name = "h.1.mlp.c_fc.weight"; // [32, 128]
  const [ROWS, COLUMNS] = [32, 128];
  const X = Float32Array.from({ length: 2 * COLUMNS }, (_unused, i) => Math.sin(i));

  it("is the sum, and its products", async () => {
    const seen: Record<string, Float32Array> = {};
    const compressor: Compressor = {
      ...learning,
      needsWholeGradients: isWhole,
      rule: (base, projection) =>
        stepRule({ base, projection: isWhole ? undefined : projection, momentum: 0 }),
      compress(param, base) {
        const found = learning.compress(param, base);
        if (param.name !== name || !("subspace" in found)) return { reason: "another" };
        return {
          ...found,
          subspace: {
            kind: "learned",
            async learn(g) {
              seen["g"] = (await g.read()).slice();
              seen["times"] = (await g.times(X)).slice();
              seen["transposed"] = (await g.transposedTimes(X.slice(0, 2 * ROWS))).slice();
              return new Float32Array(2 * COLUMNS);
            },
          },
        };
      },
    };
    const sgd = namedOptimizer("sgd");
    const plan = planParameters(tiny, { compressor, optimizer: sgd, accumulatorDtype: dtype });
    const densely = planParameters(tiny, { compressor: dense(), optimizer: sgd });
    const shapes = [tiny.inputTypes(2, 16)];
    const runtime = cpuRuntime({ threads: 1 });
    const open = (own: typeof plan) =>
      openEngine({ model: tiny, plan: own, runtime, seed: 0, shapes, microSteps: 2 });
    const [engine, other] = [open(plan), open(densely)];
    for (const each of [engine, other]) {
      for (const param of tiny.params.keys()) drawWeight(each.parts, param);
      each.begin({ step: 1, cycle: 0, learningRate: 0, opensCycle: true });
      await each.microStep(batchAt(0), 0);
      await each.microStep(batchAt(1), 1);
    }
    const sum = other.state.accumulators.get(name)?.["sum"];
    const expected = Array.from((await sum?.read()) ?? [], Number);
    expect(engine.wholeGradientBytes).toBe(isWhole ? 0 : 4 * ROWS * COLUMNS);
    await engine.update();

    expectClose(Array.from(seen["g"] ?? []), expected, dtype === "int8" ? 0.02 : FLOAT32);
    const g = Array.from(seen["g"] ?? []);
    const product = (count: number, size: number, at: (i: number, k: number) => number) =>
      Array.from({ length: 2 * count }, (_unused, place) => {
        const [i, j] = [Math.floor(place / 2), place % 2];
        let total = 0;
        for (let k = 0; k < size; k++) total += at(i, k) * (X[2 * k + j] ?? NaN);
        return total;
      });
    const times = product(ROWS, COLUMNS, (i, k) => g[i * COLUMNS + k] ?? NaN);
    const transposed = product(COLUMNS, ROWS, (i, k) => g[k * COLUMNS + i] ?? NaN);
    expectClose(Array.from(seen["times"] ?? []), times, FLOAT32);
    expectClose(Array.from(seen["transposed"] ?? []), transposed, FLOAT32);
    await Promise.all([engine.release(), other.release()]);
  });
});
