/**
 * @file The training of LoRA by SGD as a recursion over gradients: Hao, Cao & Mou, "Flora: Low-Rank Adapters Are Secretly
 * Gradient Compressors", ICML 2024, arXiv:2402.03293, Theorem 2.1, with the adapter scale s of W + s B A.
 *
 *   A_t = A_0 + η A_0 f_A(t)                  [r, m]
 *   B_t = η f_B(t) A_0ᵀ                       [n, r]      B_0 = 0
 *   f_A(t+1) = f_A(t) - η s f_B(t)ᵀ G_t       [m, m]      f_A(0) = 0
 *   f_B(t+1) = f_B(t) - s G_t (I + η f_A(t)ᵀ) [n, m]      f_B(0) = 0
 *
 * exactly, where G_t is the gradient of the whole weight at W + s B_t A_t. The change of the weight has two terms,
 *
 *   ΔW = s B A = s η f_B A_0ᵀ A_0 + s η² f_B A_0ᵀ A_0 f_A
 *
 * Without the second, and with f_A = 0 in f_B, it is -η s² (Σ G) A_0ᵀ A_0: FLORA's compression of the summed gradient, by one
 * fixed projection. The second term is s B (A - A_0), what B alone does not explain.
 */

import { Matrix } from "ml-matrix";

/** f_A, f_B and Σ G after t steps. */
export interface RecursionState {
  readonly fA: Matrix;
  readonly fB: Matrix;
  /** Without the factor s. */
  readonly gradientSum: Matrix;
}

/** The rate of the recursion and the scale of its adapters. */
export interface RecursionOptions {
  /** η */
  readonly rate: number;
  /** s */
  readonly scale: number;
}

/** The adapters of a weight [n, m]. */
export interface Adapters {
  /** [r, m] */
  readonly a: Matrix;
  /** [n, r] */
  readonly b: Matrix;
}

/** The recursion before the first step, for a weight [rows, columns]. */
export const startRecursion = (rows: number, columns: number): RecursionState => ({
  fA: Matrix.zeros(columns, columns),
  fB: Matrix.zeros(rows, columns),
  gradientSum: Matrix.zeros(rows, columns),
});

/** One step, with the gradient [n, m] of the whole weight. */
export function advance(
  { fA, fB, gradientSum }: RecursionState,
  gradient: Matrix,
  { rate, scale }: RecursionOptions,
): RecursionState {
  const g = Matrix.mul(gradient, scale);
  return {
    fA: Matrix.sub(fA, fB.transpose().mmul(g).mul(rate)),
    fB: Matrix.sub(fB, g).sub(g.mmul(fA.transpose()).mul(rate)),
    gradientSum: Matrix.add(gradientSum, gradient),
  };
}

/** A_t and B_t. */
export const adaptersOf = (
  { fA, fB }: RecursionState,
  a0: Matrix,
  { rate }: RecursionOptions,
): Adapters => ({
  a: Matrix.add(a0, a0.mmul(fA).mul(rate)),
  b: fB.mmul(a0.transpose()).mul(rate),
});

/** ΔW = s B A. */
export const updateOf = ({ a, b }: Adapters, { scale }: RecursionOptions): Matrix =>
  b.mmul(a).mul(scale);

/** s η² f_B A_0ᵀ A_0 f_A, the term that the approximation drops. */
export const secondTerm = (
  { fA, fB }: RecursionState,
  a0: Matrix,
  { rate, scale }: RecursionOptions,
): Matrix =>
  fB
    .mmul(a0.transpose())
    .mmul(a0.mmul(fA))
    .mul(scale * rate ** 2);

/** -η s² (Σ G) A_0ᵀ A_0, what remains of ΔW in the approximation. */
export const compressedSum = (
  { gradientSum }: RecursionState,
  a0: Matrix,
  { rate, scale }: RecursionOptions,
): Matrix =>
  gradientSum
    .mmul(a0.transpose())
    .mmul(a0)
    .mul(-rate * scale ** 2);

/**
 * The published bound on ||f_A(t)||_2, for gradients of which every partial sum has a norm of at most L:
 *
 *   η L² (1 - (η² L²)^t) / (1 - η² L²)
 *
 * It does not hold: see `alternating`.
 *
 * @param sumNorm - L; with an adapter scale, that of the gradients times s
 */
export function publishedBound(rate: number, sumNorm: number, step: number): number {
  const ratio = (rate * sumNorm) ** 2;
  const series = ratio === 1 ? step : (1 - ratio ** step) / (1 - ratio);
  return rate * sumNorm ** 2 * series;
}

/**
 * |f_A(t)| for t = 0 to `steps` of a weight of one number whose gradients are G_t = (-1)^t. Their partial sums are 1 and 0, so
 * that L = 1 and the bound stays below η / (1 - η²); |f_A| goes on growing, by about η every other step, until η² t is no longer small.
 */
export function alternating(rate: number, steps: number): number[] {
  const norms = [0];
  let [fA, fB] = [0, 0];
  for (let t = 0; t < steps; t++) {
    const g = t % 2 === 0 ? 1 : -1;
    [fA, fB] = [fA - rate * fB * g, fB - g * (1 + rate * fA)];
    norms.push(Math.abs(fA));
  }
  return norms;
}
