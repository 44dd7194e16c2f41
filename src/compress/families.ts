/** @file The families that projection matrices are drawn from: how to draw one, and what it loses. */

import { fillNormal, fillOrthonormal, fillRademacher, type Key } from "../random/index.ts";

/** A distribution of projection matrices. */
export interface FamilyDefinition {
  /** Fills A [rank, dimension] with E[Aᵀ A] = I. */
  draw(key: Key, a: Float32Array, rank: number, dimension: number): void;
  /** E‖Ĝ - G‖² / ‖G‖² of the estimate Ĝ = G Aᵀ A. */
  squaredError(rank: number, dimension: number): number;
}

/** The names of the families. */
export const FAMILY_NAMES = ["gaussian", "rademacher", "orthonormal"] as const;

/** The name of a family of random projections. */
export type Family = (typeof FAMILY_NAMES)[number];

/** The families of random projections by name. */
export const FAMILIES: Readonly<Record<Family, FamilyDefinition>> = {
  gaussian: {
    draw: (key, a, rank) => fillNormal(key, a, rank ** -0.5),
    squaredError: (rank, dimension) => (dimension + 1) / rank,
  },
  rademacher: {
    draw: (key, a, rank) => fillRademacher(key, a, rank ** -0.5),
    squaredError: (rank, dimension) => (dimension - 1) / rank,
  },
  orthonormal: {
    draw: (key, a, rank, dimension) => fillOrthonormal(key, a, rank, dimension),
    squaredError: (rank, dimension) => dimension / rank - 1,
  },
};
