/** The programs of a stage: what they take and give, and that a compressed linear map keeps x Aᵀ where nothing is recomputed. */

import { expect, it } from "vitest";
import type { Recompute } from "../../src/autodiff/index.ts";
import { dense, flora } from "../../src/compress/flora-compressor.ts";
import type { Compressor } from "../../src/compress/compressor.ts";
import { planOf } from "../../src/engine/parts/param-plan.ts";
import { planParameters } from "../../src/engine/plan.ts";
import { buildStage } from "../../src/engine/stage-programs.ts";
import { mapTensors } from "../../src/graph/tensors.ts";
import type { Stage } from "../../src/models/model.ts";
import { BASE_DTYPES } from "../../src/nn/weights-at-rest.ts";
import { matmul } from "../../src/ops/matmul.ts";
import { namedOptimizer } from "../../src/optim/registry.ts";
import { tiny } from "./support.ts";

const name = "h.0.mlp.c_fc.weight"; // [32, 128], input along the rows
const stage: Stage = {
  kind: "linear",
  params: { w: name },
  reads: [],
  attends: false,
  forward: (x, { w }) => (w ? matmul(x, w) : x),
};

function build(compressor: Compressor, options: { recompute: Recompute; needsDx: boolean }) {
  const plan = planParameters(tiny, { compressor, optimizer: namedOptimizer("sgd") });
  return buildStage(stage, {
    x: { dtype: "float32", shape: [6, 32] },
    reads: {},
    plans: mapTensors(stage.params, (param) => planOf(plan, param)),
    needsDEncoded: false,
    hasNoise: false,
    ...options,
  });
}

it("have the gradient go into its accumulator", () => {
  const { forward, backward } = build(dense(), { recompute: "all", needsDx: true });
  expect(Object.keys(forward.outputs)).toEqual(["y"]);
  expect(Object.keys(backward?.inputs ?? {}).toSorted()).toEqual(["acc:w/sum", "dy", "w", "x"]);
  expect(Object.keys(backward?.outputs ?? {}).toSorted()).toEqual(["acc:w/sum'", "dx"]);
});

it("ask for no cotangent that nobody wants", () => {
  const { backward } = build(dense(), { recompute: "all", needsDx: false });
  expect(Object.keys(backward?.outputs ?? {})).toEqual(["acc:w/sum'"]);
});

it("keep x of a dense map, and x Aᵀ of a compressed one", () => {
  const shapesOf = (compressor: Compressor) =>
    Object.values(build(compressor, { recompute: "none", needsDx: false }).residuals).map(
      ({ shape }) => shape,
    );
  expect(shapesOf(flora({ rank: 4, side: "input" }))).toEqual([[4, 6]]);
  expect(shapesOf(dense()).flat()).not.toContain(4);
});

it.each(BASE_DTYPES)("keep no copy in float32 of a frozen map in %s", (baseDtype) => {
  const plan = planParameters(tiny, {
    compressor: dense(),
    optimizer: namedOptimizer("sgd"),
    baseDtype,
    trainable: { frozen: () => "asked for", rateFactor: () => 1 },
  });
  const options = {
    x: { dtype: "float32", shape: [6, 32] },
    reads: {},
    plans: mapTensors(stage.params, (param) => planOf(plan, param)),
    needsDEncoded: false,
    hasNoise: false,
    needsDx: true,
    recompute: "none",
  } as const;
  const { forward, backward, residuals } = buildStage(stage, options);
  expect(residuals).toEqual({});
  expect(Object.keys(forward.inputs).toSorted()).toEqual(["w", "w:scales", "x"]);
  expect(Object.keys(backward?.inputs ?? {}).toSorted()).toEqual(["dy", "w", "w:scales"]);
});
