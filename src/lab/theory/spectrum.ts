/**
 * @file How many directions a matrix has, by its singular values σ_1 ≥ σ_2 ≥ ...
 *
 *   effective rank   exp(-Σ p_i ln p_i),  p_i = σ_i / Σ σ     Roy & Vetterli, "The effective rank", EUSIPCO 2007
 *   stable rank      ||X||_F² / ||X||_2² = Σ σ_i² / σ_1²      Rudelson & Vershynin, J. ACM 54(4), 2007
 *
 * Both are 1 for a matrix of rank one, and n for n equal singular values.
 */

import { type Matrix, SingularValueDecomposition } from "ml-matrix";

/** The singular values of a matrix, and ranks that follow from them. */
export interface Spectrum {
  /** From the largest to the smallest. */
  readonly values: readonly number[];
  readonly effectiveRank: number;
  readonly stableRank: number;
}

/** The spectrum of a matrix. */
export function spectrumOf(matrix: Matrix): Spectrum {
  const values = singularValues(matrix);
  return { values, effectiveRank: effectiveRank(values), stableRank: stableRank(values) };
}

/** From the largest to the smallest. */
export function singularValues(matrix: Matrix): number[] {
  const decomposition = new SingularValueDecomposition(matrix, {
    computeLeftSingularVectors: false,
    computeRightSingularVectors: false,
    autoTranspose: true,
  });
  return decomposition.diagonal.toSorted((x, y) => y - x);
}

/** 0 where all singular values are. */
export function effectiveRank(values: readonly number[]): number {
  const total = sum(values);
  if (total === 0) return 0;
  const shares = values.map((value) => value / total).filter((share) => share > 0);
  return Math.exp(-sum(shares.map((share) => share * Math.log(share))));
}

/** 0 where all singular values are. */
export function stableRank(values: readonly number[]): number {
  const largest = Math.max(...values, 0);
  return largest === 0 ? 0 : sum(values.map((value) => (value / largest) ** 2));
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, x) => total + x, 0);
