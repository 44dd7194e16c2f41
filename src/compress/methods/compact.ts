/**
 * @file CompAct: Shamshoum et al., "CompAct: Compressed Activations for Memory-Efficient LLM Training", NAACL 2025, arXiv:2410.15352.
 *
 *   every T steps   A is drawn, normal of variance 1/r                     [r, m], m what the linear map reads
 *   forward         Z = X Aᵀ is kept in place of X                         [N, r]
 *   each step       C = dYᵀ Z,   D = Adam(C),   W ← W - η α D A
 *
 * It is FLORA on the side that a linear map reads, with the moments in the subspace and taken under a new A as they are. Without
 * recomputation of activations (`--recompute none`) Z is all that is kept of X. α and T are GaLore's.
 */

import type { Compressor } from "../compressor.ts";
import { stepRule } from "../flora.ts";
import { inProjectedSpace } from "../in-projected-space.ts";
import type { CompressorDefinition } from "./definition.ts";
import { type GaloreOptions, USUAL_ALPHA, USUAL_INTERVAL } from "./galore.ts";
import { drawnSubspace } from "../subspaces/subspaces.ts";

/** CompAct: Shamshoum et al., NAACL 2025, arXiv:2410.15352. */
export const compact = ({
  resampleEvery = USUAL_INTERVAL,
  alpha = USUAL_ALPHA,
  ...choice
}: GaloreOptions): Compressor => ({
  resampleEvery,
  compress: (param) => drawnSubspace(param, { ...choice, side: "input" }),
  rule: (base, projection) =>
    projection
      ? inProjectedSpace(base, projection, { alpha, isKept: true })
      : stepRule({ base, projection, momentum: 0 }),
});

export const COMPACT: CompressorDefinition = {
  label: "CompAct",
  ownMoments: { optimizer: "adam", alpha: USUAL_ALPHA },
  create: compact,
};
