/** What encoders with a head are trained on, through the pipeline: loss and gradients of transformers. */

import { describe, expect, it } from "vitest";
import type { TrainOptions } from "../../src/options/config.ts";
import { bert } from "../../src/models/architectures/encoders/bert.ts";
import { batchTypes } from "../../src/tasks/encoder.ts";
import { int32 } from "../../src/tensor/host-tensor.ts";
import { readGolden, targetsOf } from "../models/golden.ts";
import { numbersOf } from "../support/close.ts";
import { tensorNamed } from "../support/graph.ts";
import { encoderBatch, expectPipeline } from "../train/encoders.ts";

describe.each<TrainOptions>([{}, { recompute: "none" }, { vocabularyChunk: 16 }])(
  "with %j",
  (options) => {
    it("hidden tokens have the loss and the gradients of transformers", async () => {
      const golden = readGolden("bert_mlm");
      const read = encoderBatch(golden.inputs);
      const labels = numbersOf(tensorNamed(golden.inputs, "labels"));
      // Two places a row, as many as any has; a row with one hidden token has a place of weight 0.
      const length = labels.length / 3;
      const hidden = [0, 1, 2].map((row) =>
        labels.flatMap((label, at) => (label >= 0 && Math.floor(at / length) === row ? [at] : [])),
      );
      const places = hidden.flatMap(([first = 0, second]) => [first, second ?? 0]);
      const counts = hidden.flatMap((found) => [1, Number(found.length > 1)]);
      const batch = {
        ...read,
        inputs: { ...read.inputs, chosen: int32([3, 2], Int32Array.from(places)) },
        targets: Int32Array.from(places, (at) => Math.max(0, labels[at] ?? 0)),
        weights: Float32Array.from(counts),
        lossTokens: golden.targets,
      };
      await expectPipeline(golden, batch, options);
    });

    it("classes have the loss and the gradients of transformers", async () => {
      const golden = readGolden("bert_classification");
      const { targets } = targetsOf(golden);
      const batch = {
        ...encoderBatch(golden.inputs),
        targets: Int32Array.from(numbersOf(targets)),
        weights: new Float32Array(3).fill(1),
        lossTokens: 3,
      };
      await expectPipeline(golden, batch, options);
    });
  },
);

describe("batchTypes", () => {
  const shapesOf = (architecture: string) => {
    const types = batchTypes(bert({ architectures: [architecture] }), { batchSize: 4, length: 40 });
    return { ids: types.ids?.shape, chosen: types.chosen?.shape };
  };

  it("has two rows a pair, and as many places as are hidden of a full row", () => {
    expect(shapesOf("BertModel")).toEqual({ ids: [8, 40], chosen: undefined });
    expect(shapesOf("BertForMaskedLM")).toEqual({ ids: [4, 40], chosen: [4, 6] });
    expect(shapesOf("BertForSequenceClassification").ids).toEqual([4, 40]);
  });
});
