/** A run of three steps, which tests change. */

import type { TrainRequest } from "../../src/train/run.ts";

/** Sums of a number and one, from a number on. */
export const sums = (
  from: number,
  count: number,
): readonly { readonly source: string; readonly target: string }[] =>
  Array.from({ length: count }, (_, i) => ({
    source: `${from + i} + 1 =`,
    target: `${from + i + 1}`,
  }));

/** The same rates whatever the length. */
export const tinyRequest: TrainRequest = {
  model: { n_embd: 16, n_layer: 1, n_head: 2, n_positions: 32 },
  data: sums(0, 60),
  steps: 3,
  batchSize: 4,
  rank: 4,
  translations: 0,
  samples: 0,
  schedule: "constant",
  warmupSteps: 0,
};
