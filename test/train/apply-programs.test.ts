/** Which parameters are updated a few rows at a time. */

import { expect, it } from "vitest";
import { accumulator, sgd, stepRule } from "../../src/optim/index.ts";
import { shardSize } from "../../src/train/apply-programs.ts";

const rowsOfShards = (
  shape: readonly number[],
  side: "rows" | "columns" | undefined,
  dtype: "float32" | "int8" = "float32",
) => {
  const dimension = (side === "rows" ? shape[0] : shape[1]) ?? 0;
  const projection = side && ({ side, rank: 8, dimension, family: "gaussian" } as const);
  const rule = stepRule({ projection, momentum: 0, base: sgd() });
  const own = accumulator(shape, { projection, dtype });
  const gradientProjection = projection;
  const state = rule.init(shape);
  const training = {
    projection,
    gradientProjection,
    accumulator: own,
    rule,
    state,
    rateFactor: 1,
    weightUpdate: "nearest",
  } as const;
  return shardSize({ shape, dtype: "float32", training });
};

it.each([
  ["whole gradients of large tables", [32768, 256], undefined, "float32", 10923],
  ["compressed columns of large tables", [32768, 256], "columns", "float32", 10923],
  ["no compressed rows", [32768, 256], "rows", "float32", undefined],
  // 32,768 blocks of 256: as many as rows.
  ["no blocks of eight bits", [32768, 256], undefined, "int8", undefined],
  ["nothing small", [3276, 256], undefined, "float32", undefined],
  ["no vectors", [9e6], undefined, "float32", undefined],
] as const)("%s", (_, shape, side, dtype, rows) => {
  expect(rowsOfShards(shape, side, dtype)).toBe(rows);
});
