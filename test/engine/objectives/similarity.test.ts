/** Sentence embeddings through the pipeline: loss and gradients of PyTorch, and the pairs that are found. */

import { describe, expect, it } from "vitest";
import type { TrainOptions } from "../../../src/options/config.ts";
import { bert } from "../../../src/models/architectures/encoders/bert.ts";
import { objectiveOf } from "../../../src/engine/objectives/registry.ts";
import { similarity } from "../../../src/engine/objectives/similarity.ts";
import { tiny } from "../support.ts";
import { readEmbeddingGolden } from "../../models/golden.ts";
import { numbersOf } from "../../support/close.ts";
import { encoderBatch, expectPipeline } from "../../train/encoders.ts";
import { partsOfModel } from "../../train/support.ts";

const golden = readEmbeddingGolden();
const batch = {
  ...encoderBatch(golden.inputs),
  targets: new Int32Array(),
  weights: new Float32Array(4).fill(1),
  lossTokens: 4,
};

it("is the objective of a model without a head", () => {
  expect(objectiveOf(bert(golden.config))).toBe(similarity);
  expect(objectiveOf(tiny).name).toBe("cross-entropy");
});

describe("a batch of pairs", () => {
  it.each<TrainOptions>([{}, { recompute: "cheap" }, { recompute: "none" }])(
    "has the loss and the gradients of PyTorch, with %j",
    (options) => expectPipeline(golden, batch, options),
  );

  it("counts the first texts that are the most similar to their own second ones", async () => {
    const parts = partsOfModel(bert(golden.config), Object.entries(golden.weights), {});
    const { correct } = await parts.engine.evaluate([batch]);
    const similarities = numbersOf(golden.similarities);
    const rows = [0, 1, 2, 3].map((i) => similarities.slice(4 * i, 4 * i + 4));
    expect(correct).toBe(rows.filter((row, i) => row[i] === Math.max(...row)).length);
    await parts.engine.release();
  });

  it("leaves the pooler alone, which it does not use", async () => {
    const parts = partsOfModel(bert(golden.config), Object.entries(golden.weights), {});
    expect(parts.plan.get("pooler.dense.weight")).toMatchObject({ treatment: "frozen: not used" });
    expect([...parts.engine.state.accumulators.keys()].join()).not.toContain("pooler");
  });
});
