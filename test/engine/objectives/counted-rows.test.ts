/** A loss over the rows that count is the loss over all rows, where the others have no weight; so are its gradients. */

import { describe, expect, it } from "vitest";
import { countedPlaces } from "../../../src/engine/objectives/counted-rows.ts";
import { crossEntropy } from "../../../src/engine/objectives/cross-entropy.ts";
import type { Objective } from "../../../src/engine/objectives/objective.ts";
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
    const own = { holdGradients: true };
    const [counted, all] = [
      openRun(sharedRuntime, options, own),
      openRun(sharedRuntime, options, { ...own, objective: everyRow }),
    ];
    const found: number[][] = [];
    for (const { engine } of [counted, all]) {
      engine.begin({ step: 1, cycle: 0, learningRate: 0, opensCycle: true });
      await engine.microStep(batch, 0);
      const { lossSum } = await engine.sums();
      const sums = [...engine.state.accumulators.values()].flatMap((tensors) =>
        Object.values(tensors),
      );
      const read = await Promise.all(
        sums.map(async (buffer) => Array.from(await buffer.read(), Number)),
      );
      found.push([lossSum, ...read.flat()]);
      await engine.release();
    }
    // Rows without weight add zeros, which most sums do not notice at all.
    expectClose(found[0] ?? [], found[1] ?? [], 1e-6);
  });
});
