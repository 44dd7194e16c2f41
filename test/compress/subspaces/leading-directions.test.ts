/** Leading singular vectors against NumPy's, and what is left where there are too few. */

import { expect, it } from "vitest";
import { leadingDirections } from "../../../src/compress/subspaces/leading-directions.ts";
import type { Projection } from "../../../src/compress/projection.ts";
import { expectClose } from "../../support/close.ts";
import { normalTensor } from "../../support/random.ts";
import { numbersOf } from "../../support/close.ts";
import { golden, gradientOf } from "../methods/support.ts";

const SIDES = ["rows", "columns"] as const;

const projectionOf = (
  side: Projection["side"],
  rank: number,
  [rows = 0, columns = 0]: readonly number[],
): Projection => ({
  side,
  rank,
  dimension: side === "rows" ? rows : columns,
  family: "orthonormal",
});

/** What A keeps of a matrix: ‖A G‖² / ‖G‖², or of G Aᵀ. */
async function kept(
  g: readonly number[],
  a: Float32Array,
  projection: Projection,
  columns: number,
) {
  const { side, rank, dimension } = projection;
  const gradient = gradientOf(g, columns);
  const at = new Float32Array(dimension * rank);
  for (let i = 0; i < rank; i++)
    for (let j = 0; j < dimension; j++) at[j * rank + i] = a[i * dimension + j] ?? 0;
  const c = await (side === "rows" ? gradient.transposedTimes(at) : gradient.times(at));
  const squares = (x: Iterable<number>) => Array.from(x, Number).reduce((sum, y) => sum + y * y, 0);
  return squares(c) / squares(g);
}

it.each(SIDES)("of %s they are NumPy's", async (side) => {
  const { shape, rank, matrix } = golden.directions;
  const projection = projectionOf(side, rank, shape);
  const a = await leadingDirections(gradientOf(matrix, shape[1]), shape, projection);
  // Of a spectrum that falls by a fifth from one to the next, two iterations leave this.
  expectClose(Array.from(a), golden.directions[side], 2e-3);
  expect(1 - (await kept(matrix, a, projection, shape[1])) / (await best(side))).toBeLessThan(1e-6);
});

/** What NumPy's directions keep. */
const best = (side: Projection["side"]): Promise<number> => {
  const { shape, rank, matrix } = golden.directions;
  const a = Float32Array.from(golden.directions[side]);
  return kept(matrix, a, projectionOf(side, rank, shape), shape[1]);
};

it.each(SIDES)("of %s without a structure they keep nearly as much as any could", async (side) => {
  const shape = [60, 40];
  const g = numbersOf(normalTensor(1, shape));
  const projection = projectionOf(side, 8, shape);
  const a = await leadingDirections(gradientOf(g, 40), shape, projection);
  const whole = projectionOf(side, 39, shape);
  const exact = await leadingDirections(gradientOf(g, 40), shape, whole);
  const leading = exact.slice(0, 8 * projection.dimension);
  const [own, most] = [await kept(g, a, projection, 40), await kept(g, leading, projection, 40)];
  expect(own / most).toBeGreaterThan(0.95);
});

it.each([
  ["zeros", () => 0],
  ["one direction", (i: number, j: number) => (i + 1) * (j - 2)],
] as const)("of %s there are orthonormal rows", async (_, entry) => {
  const shape = [5, 9];
  const g = Array.from({ length: 45 }, (_unused, at) => entry(Math.floor(at / 9), at % 9));
  const a = await leadingDirections(gradientOf(g, 9), shape, projectionOf("rows", 3, shape));
  const gram = Array.from({ length: 9 }, (_unused, at) => {
    const [i, j] = [Math.floor(at / 3), at % 3];
    return Array.from(
      { length: 5 },
      (_none, k) => (a[i * 5 + k] ?? 0) * (a[j * 5 + k] ?? 0),
    ).reduce((sum, x) => sum + x, 0);
  });
  expectClose(gram, [1, 0, 0, 0, 1, 0, 0, 0, 1], 1e-6);
});
