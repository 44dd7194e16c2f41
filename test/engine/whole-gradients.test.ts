/** Whole gradients are there from the beginning of a step that learns subspaces to its end, and nowhere else. */

import { expect, it } from "vitest";
import { dense } from "../../src/compress/flora-compressor.ts";
import { openEngine } from "../../src/engine/engine.ts";
import { objectiveOf } from "../../src/engine/objectives/registry.ts";
import { planParameters } from "../../src/engine/plan.ts";
import { openWholeGradients } from "../../src/engine/whole-gradients.ts";
import type { Compressor } from "../../src/compress/compressor.ts";
import { namedOptimizer } from "../../src/optim/registry.ts";
import { cpuRuntime } from "../../src/runtime/node.ts";
import { tiny } from "./support.ts";

const learning: Compressor = {
  ...dense(),
  compress: ({ role, shape: [, columns = 0] }) =>
    role === "matrix"
      ? {
          projection: { side: "columns", rank: 2, dimension: columns, family: "gaussian" },
          description: "rank 2",
          subspace: { kind: "learned", learn: () => new Float32Array(2 * columns) },
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
