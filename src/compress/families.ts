/** @file The families that projection matrices are drawn from: how to draw one, and what it loses. */

import {
  fillNormal,
  fillOrthonormal,
  fillRademacher,
  type Key,
  randomSubset,
} from "../random/index.ts";

/** A distribution of projection matrices. */
export interface FamilyDefinition {
  /**
   * Fills A [rank, dimension] with E[Aᵀ A] = I, or of a choice of coordinates their indices [rank]. Blocks are subspaces of one key that
   * are orthogonal to each other, from 0 to dimension / rank, where the family has them.
   */
  draw(key: Key, a: Float32Array, rank: number, dimension: number, block: number): void;
  /** Whether a key has more than one block. */
  readonly hasBlocks: boolean;
  /** Whether A chooses coordinates, times √(dimension/rank), and is no matrix in memory but their indices. */
  readonly isChoice: boolean;
  /** E‖Ĝ - G‖² / ‖G‖² of the estimate Ĝ = G Aᵀ A. */
  squaredError(rank: number, dimension: number): number;
}

/** The names of the families. */
export const FAMILY_NAMES = ["gaussian", "rademacher", "orthonormal", "coordinates"] as const;

/** The name of a family of random projections. */
export type Family = (typeof FAMILY_NAMES)[number];

/** The families of random projections by name. */
export const FAMILIES: Readonly<Record<Family, FamilyDefinition>> = {
  gaussian: {
    draw: (key, a, rank) => fillNormal(key, a, rank ** -0.5),
    hasBlocks: false,
    isChoice: false,
    squaredError: (rank, dimension) => (dimension + 1) / rank,
  },
  rademacher: {
    draw: (key, a, rank) => fillRademacher(key, a, rank ** -0.5),
    hasBlocks: false,
    isChoice: false,
    squaredError: (rank, dimension) => (dimension - 1) / rank,
  },
  orthonormal: {
    draw: fillOrthonormal,
    hasBlocks: true,
    isChoice: false,
    squaredError: (rank, dimension) => dimension / rank - 1,
  },
  coordinates: {
    draw: (key, a, rank, dimension, block) => a.set(randomSubset(key, rank, dimension, block)),
    hasBlocks: true,
    isChoice: true,
    squaredError: (rank, dimension) => dimension / rank - 1,
  },
};
