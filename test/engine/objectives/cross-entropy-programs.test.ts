/** Loss and gradients in chunks of the vocabulary are those of the whole, and log-probabilities are what the loss is made of. */

import { expect, it } from "vitest";
import {
  buildGradients,
  buildLikelihood,
  buildLoss,
  buildStatistics,
  buildWholeHead,
} from "../../../src/engine/objectives/cross-entropy-programs.ts";

const shape = {
  tokens: 6,
  width: 8,
  rows: 10,
  softcap: undefined,
  params: { weight: { dtype: "float32", shape: [10, 8] } },
} as const;

it("have the inputs and outputs that the head feeds and fetches", () => {
  const names = (record: Readonly<Record<string, unknown>>) => Object.keys(record).toSorted();
  const whole = buildWholeHead(shape, undefined);
  expect(names(whole.inputs)).toEqual(["hidden", "targets", "weight", "weights"]);
  expect(names(whole.outputs)).toEqual(["correct", "loss"]);
  expect(names(buildStatistics(shape).outputs)).toEqual(["peak'", "sum'", "target'"]);
  expect(names(buildLoss(shape).inputs)).toEqual(["peak", "sum", "target", "weights"]);
  expect(buildLikelihood(shape).outputs["logProbability"]?.shape).toEqual([6, 1]);
  expect(names(buildGradients(shape, {}).outputs)).toEqual(["dHidden'"]);
});
