/** One parameter from its accumulator: in place where that is proven to be safe, beside it where not, and whole where rows are coupled. */

import { expect, it } from "vitest";
import { dense } from "../../src/compress/flora-compressor.ts";
import { openEngine } from "../../src/engine/engine.ts";
import { planParameters } from "../../src/engine/plan.ts";
import { createUpdate } from "../../src/engine/update.ts";
import { buildUpdate, shardUpdate } from "../../src/engine/update-programs.ts";
import { tensorAt } from "../../src/graph/tensors.ts";
import { matmul } from "../../src/ops/matmul.ts";
import { matrixTranspose } from "../../src/ops/movement.ts";
import { add, scale } from "../../src/ops/elementwise.ts";
import { everywhere } from "../../src/optim/optimizer.ts";
import {
  descent,
  type GradientTransformation,
  identity,
  stateless,
} from "../../src/optim/transform.ts";
import { bufferOf, fill } from "../../src/runtime/buffers.ts";
import { cpuRuntime } from "../../src/runtime/node.ts";
import { expectClose, FLOAT32 } from "../support/close.ts";
import { tiny, updatable } from "./support.ts";

/** The old momentum is read for the update, the new one is another: u = m + g, m ← m / 2 + g. */
const readsTwice: GradientTransformation = {
  init: (shape) => ({ m: { shape, initial: 0 } }),
  update(gradient, state) {
    const m = tensorAt(state, "m");
    return { update: add(m, gradient), state: { m: add(scale(m, 0.5), gradient) } };
  },
};

it("may read a state for two things", async () => {
  const optimizer = { usualRate: 1, ...everywhere(descent(readsTwice, 0)) };
  const plan = planParameters(tiny, { compressor: dense(), optimizer });
  const runtime = cpuRuntime({ threads: 1 });
  const shapes = [tiny.inputTypes(2, 16)];
  const engine = openEngine({ model: tiny, plan, runtime, seed: 0, shapes, microSteps: 2 });
  const update = createUpdate(engine.parts);
  const name = "ln_f.bias";
  const weight = bufferOf(engine.state.weights, name);
  fill(weight, 1);
  const accumulator = { sum: runtime.allocate("float32", [32]) };
  fill(accumulator.sum, 4);
  const numbers = { step: 1, cycle: 0, learningRate: 0.5, gradientScale: 0.25 };
  // g = 1: u = 1, 2, 2.5; m = 1, 1.5, 1.75
  for (const expected of [0.5, -0.5, -1.75]) {
    await update(name, accumulator, numbers);
    expectClose(
      Array.from(await weight.read(), Number),
      Array.from({ length: 32 }, () => expected),
      FLOAT32,
    );
  }
  await engine.release();
});

it("is not cut into rows where a rule multiplies over them", () => {
  const shape = [3000, 3000];
  const overRows = stateless((g) => {
    const products = matmul(g, matrixTranspose(g));
    return matmul(add(products, matmul(products, products)), g);
  });
  const overColumns = stateless((g) => matmul(g, matmul(matrixTranspose(g), g)));
  const shardsOf = (direction: GradientTransformation) => {
    const rule = dense().rule(descent(direction, 0), undefined);
    const param = updatable(shape, rule);
    return shardUpdate(param, buildUpdate(param))?.size;
  };
  expect(shardsOf(identity())).toBe(84);
  expect(shardsOf(overColumns)).toBe(84);
  expect(shardsOf(overRows)).toBeUndefined();
  expect(shardsOf(readsTwice)).toBeUndefined();
});
