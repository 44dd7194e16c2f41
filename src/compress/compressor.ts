/**
 * @file What compresses gradients: a subspace for each matrix, what is accumulated in it, how a step is made from that, and what becomes
 * of state when the subspace changes. FLORA's is `flora-compressor.ts`; one of one's own is an object of this kind.
 *
 *   project      A [rank, dimension]: drawn from a key whenever it is needed, or learned from a whole gradient and kept
 *   accumulate   C ← C + G Aᵀ                  every micro-step
 *   step         W ← W + rule(C, A)            every step
 *   transfer     state under the next A        whenever the subspace changes
 */

import type { Key } from "../random/index.ts";
import type { GradientTransformation } from "../optim/transform.ts";
import { type Accumulator, accumulator, type AccumulatorDType } from "./accumulator.ts";
import type { StepRule } from "./flora.ts";
import type { Projection } from "./projection.ts";

/** A parameter that may be compressed. */
export interface CompressibleParam {
  readonly name: string;
  readonly shape: readonly number[];
  /** "matrix", "embedding", "norm", "bias" or "adapter". */
  readonly role: string;
  /** Of the weight of a linear map: the axis along which its input is multiplied. */
  readonly inputAxis?: 0 | 1;
  /** Whether its rows are computed a few at a time and are never together, so that only its columns can be projected. */
  readonly inChunks: boolean;
}

/** A projection matrix that follows from a key: never stored, the same for the same key. */
export interface DrawnSubspace {
  readonly kind: "drawn";
  /** How many cycles share a key, one after the other; each has a key of its own if absent. */
  readonly blocks?: number;
  /** Fills A [rank, dimension]; the same key and block, counted from 0, give the same numbers. */
  draw(key: Key, a: Float32Array, block: number): void;
}

/** The gradient [n, m] that a step summed up, whole; and products with it, which are taken where it lies. */
export interface WholeGradient {
  /** Its elements, row by row. */
  read(): Promise<Float32Array>;
  /** G X [n, k] of X [m, k]. */
  times(x: Float32Array): Promise<Float32Array>;
  /** Gᵀ X [m, k] of X [n, k]. */
  transposedTimes(x: Float32Array): Promise<Float32Array>;
}

/** A projection matrix that is learned from whole gradients; it is state, and part of a checkpoint. */
export interface LearnedSubspace {
  readonly kind: "learned";
  /** A [rank, dimension], which depends on the gradient alone, so that whoever has the same one learns the same. */
  learn(gradient: WholeGradient): Promise<Float32Array>;
}

/** How the gradient of one matrix is compressed. */
export interface Compression {
  readonly projection: Projection;
  /** For people: "rank 128 of 768 columns". */
  readonly description: string;
  readonly subspace: DrawnSubspace | LearnedSubspace;
  /** Where gradients add up; sums in the subspace if absent. `shape` is that of the parameter, or of some of its rows. */
  accumulator?(shape: readonly number[]): Accumulator;
}

/** Why a parameter is not compressed. */
export interface Uncompressed {
  readonly reason: string;
}

/** Decides for each parameter how its gradients and its optimizer state are compressed. */
export interface Compressor {
  /** Steps between subspaces. */
  readonly resampleEvery: number;
  /** Whether rules need gradients whole, though they keep compressed state. */
  readonly needsWholeGradients?: boolean;
  /** How a parameter is compressed, or why not; `base` is the optimizer's rule for it. */
  compress(param: CompressibleParam, base: GradientTransformation): Compression | Uncompressed;
  /** What makes an update of what was accumulated; `base` is the optimizer's rule for the parameter. */
  rule(base: GradientTransformation, projection: Projection | undefined): StepRule;
}

export const isCompression = (found: Compression | Uncompressed): found is Compression =>
  "projection" in found;

/** Where the gradients of a parameter add up, compressed or not. */
export const accumulatorOf = (
  shape: readonly number[],
  compression: Compression | undefined,
  dtype: AccumulatorDType = "float32",
): Accumulator =>
  compression?.accumulator?.(shape) ??
  accumulator(shape, { projection: compression?.projection, dtype });
