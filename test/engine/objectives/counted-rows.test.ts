/** A loss over the rows that count is the loss over all rows, where the others have no weight; so are its gradients. */

import { describe, expect, it } from "vitest";
import { countedPlaces } from "../../../src/engine/objectives/counted-rows.ts";
import { crossEntropy } from "../../../src/engine/objectives/cross-entropy.ts";
import type { Objective } from "../../../src/engine/objectives/objective.ts";
import type { Batch } from "../../../src/models/batch.ts";
import type { TrainOptions } from "../../../src/options/config.ts";
import { expectClose } from "../../support/close.ts";
import { sharedRuntime } from "../../support/shared-runtime.ts";
import { batchAt, openRun } from "../support.ts";

const weightsAt = (all: number, places: readonly number[]): Float32Array =>
  Float32Array.from({ length: all }, (_, i) => (places.includes(i) ? 1 : 0));

describe("the places that count", () => {
  it.each([
    { all: 96, places: [3, 5, 95], size: 16 },
    { all: 96, places: [...Array(33).keys()], size: 48 },
    { all: 96, places: [...Array(81).keys()], size: undefined },
    { all: 16, places: [1], size: undefined },
    { all: 600, places: [1], size: 48 },
    { all: 96, places: [], size: 16 },
  ])("of $all rows", ({ all, places, size }) => {
    const found = countedPlaces(weightsAt(all, places));
    expect(found?.length).toBe(size);
    if (!found) return;
    expect([...found.subarray(0, places.length)]).toEqual(places);
    // What fills up has no weight.
    for (const place of found.subarray(places.length)) expect(places).not.toContain(place);
  });
});

/** All rows, weighed as the batch says. */
const everyRow: Objective = crossEntropy({
  weigh: (logProbabilities, { weights }) => ({
    loss: -logProbabilities.reduce((sum, p, i) => sum + p * (weights[i] ?? 0), 0),
    weights,
  }),
});

describe.each<TrainOptions>([
  { vocabularyChunk: 20 },
  { vocabularyChunk: 20, method: "dense" },
  { vocabularyChunk: 20, compressEmbeddings: true },
  { vocabularyChunk: 20, method: "lora" },
])("an engine with %j", (options) => {
  it("has the loss and the gradients of all rows", async () => {
    const { weights: ones, ...whole } = batchAt(1, 8);
    const batch = {
      ...whole,
      weights: ones.map((_, i) => (i % 16 > 11 ? 0.5 + (i % 3) : 0)),
    };
    const found = [await sumsAfter(options, batch), await sumsAfter(options, batch, everyRow)];
    // Rows without weight add zeros, which most sums do not notice at all.
    expectClose(found[0] ?? [], found[1] ?? [], 1e-6);
  });
});

describe("targets of several tokens", () => {
  it("have the loss and the gradients of one program over all rows, in chunks and over the rows that count", async () => {
    const whole = batchAt(1, 8);
    const choices = 3;
    const batch = {
      ...whole,
      weights: whole.weights.map((_, i) => (i % 16 > 11 ? 1 : 0)),
      soft: {
        choices,
        ids: Int32Array.from({ length: choices * whole.targets.length }, (_, i) => (7 * i) % 31),
        shares: Float32Array.from({ length: choices * whole.targets.length }, (_, i) =>
          i % choices === 0 ? 0.5 : 0.25,
        ),
      },
    };
    const found = await Promise.all([
      sumsAfter({ vocabularyChunk: 20 }, batch),
      sumsAfter({ vocabularyChunk: 4096 }, batch),
    ]);
    expectClose(found[0] ?? [], found[1] ?? [], 1e-5);
    const { soft: _, ...hard } = batch;
    expect(found[0]?.[0]).not.toBeCloseTo(
      (await sumsAfter({ vocabularyChunk: 20 }, hard))[0] ?? 0,
      2,
    );
  });
});

/** The loss of a micro-batch, and all that has added up. */
async function sumsAfter(
  options: TrainOptions,
  batch: Batch,
  objective?: Objective,
): Promise<readonly number[]> {
  const { engine } = openRun(sharedRuntime, options, {
    holdGradients: true,
    ...(objective && { objective }),
  });
  engine.begin({ step: 1, cycle: 0, learningRate: 0, opensCycle: true });
  await engine.microStep(batch, 0);
  const { lossSum } = await engine.sums();
  const sums = [...engine.state.accumulators.values()].flatMap((tensors) => Object.values(tensors));
  const read = await Promise.all(
    sums.map(async (buffer) => Array.from(await buffer.read(), Number)),
  );
  await engine.release();
  return [lossSum, ...read.flat()];
}
