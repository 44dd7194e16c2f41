/** Singular values and ranks against NumPy. */

import { Matrix } from "ml-matrix";
import { describe, expect, it } from "vitest";
import { spectralNorm } from "../../../src/lab/theory/matrix.ts";
import { effectiveRank, spectrumOf, stableRank } from "../../../src/lab/theory/spectrum.ts";
import golden from "../../golden/dynamics.json" with { type: "json" };
import { expectClose } from "../../support/close.ts";

describe.each(golden.spectra.map((row, i) => [i, row] as const))("matrix %d", (_, row) => {
  const matrix = new Matrix(row.matrix);
  const spectrum = spectrumOf(matrix);

  it("has NumPy's singular values", () => {
    expectClose(spectrum.values, row.values, 1e-12);
  });

  it("has NumPy's ranks", () => {
    expect(spectrum.effectiveRank).toBeCloseTo(row.effectiveRank, 10);
    expect(spectrum.stableRank).toBeCloseTo(row.stableRank, 10);
  });

  it("has NumPy's spectral norm", () => {
    expectClose([spectralNorm(matrix)], [row.values[0] ?? 0], 1e-10);
  });
});

it.each([
  { values: [], effective: 0, stable: 0 },
  { values: [0, 0], effective: 0, stable: 0 },
  { values: [5], effective: 1, stable: 1 },
  { values: [2, 2, 2, 0], effective: 3, stable: 3 },
  { values: [3, 1], effective: Math.exp(Math.log(4) - 0.75 * Math.log(3)), stable: 10 / 9 },
])("$values have effective rank $effective and stable rank $stable", (row) => {
  expect(effectiveRank(row.values)).toBeCloseTo(row.effective, 12);
  expect(stableRank(row.values)).toBeCloseTo(row.stable, 12);
});
