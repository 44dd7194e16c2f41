/**
 * @file GaLore: Zhao et al., "GaLore: Memory-Efficient LLM Training by Gradient Low-Rank Projection", ICML 2024, arXiv:2403.03507.
 *
 *   every T steps   A ← Uᵀ of the r leading singular vectors U of G        [r, n], or of the right ones [r, m]
 *   each step       C = A G,   D = Adam(C),   W ← W - η α Aᵀ D
 *
 * The moments are taken under a new A as they are. A step that learns A sums up whole gradients; between them C adds up, as FLORA's does:
 * A G is linear in G, so nothing else is needed of it.
 *
 * α is 0.25 and T is 200, as in the paper. Signs of singular vectors are those under which the entry of largest magnitude is positive.
 */

import type { CompressionChoice } from "../choice.ts";
import type { Compressor } from "../compressor.ts";
import { stepRule } from "../flora.ts";
import { inProjectedSpace } from "../in-projected-space.ts";
import type { CompressorDefinition } from "./definition.ts";
import { learnedSubspace } from "../subspaces/subspaces.ts";

/** Steps between subspaces, T. */
export const USUAL_INTERVAL = 200;
/** α. */
export const USUAL_ALPHA = 0.25;

export interface GaloreOptions extends CompressionChoice {
  readonly alpha?: number;
  readonly resampleEvery?: number | undefined;
}

/** GaLore: Zhao et al., ICML 2024, arXiv:2403.03507. */
export const galore = (options: GaloreOptions): Compressor => ({
  resampleEvery: options.resampleEvery ?? USUAL_INTERVAL,
  compress: (param) => learnedSubspace(param, options),
  rule(base, projection) {
    if (!projection) return stepRule({ base, projection, momentum: 0 });
    const { alpha = USUAL_ALPHA } = options;
    return inProjectedSpace(base, projection, { alpha, isKept: true });
  },
});

export const GALORE: CompressorDefinition = {
  label: "GaLore",
  ownMoments: { optimizer: "adam", alpha: USUAL_ALPHA },
  isLearned: true,
  create: galore,
};
