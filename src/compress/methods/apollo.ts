/**
 * @file APOLLO and APOLLO-Mini: Zhu et al., "APOLLO: SGD-like Memory, AdamW-level Performance", MLSys 2025, arXiv:2412.05270, from its
 * Algorithm 1.
 *
 *   every T steps   A is drawn, normal of variance 1/r                     [r, n], n the smaller side
 *   moments         C = A G [r, m],  D = Adam(C)
 *   scale           s_j = ‖D_j‖ / ‖C_j‖                                    a number for each column; Mini: s = ‖D‖ / ‖C‖, and r = 1
 *   limit           S = α G diag(s);  S ← S γ ν / ‖S‖  if ‖S‖ > γ ν;  ν ← ‖S‖          `growth.ts`
 *   step            W ← W - η S
 *
 * It needs each gradient whole, and keeps moments in the subspace only to know how long its columns shall be. T is 200; α is 1, of Mini √128.
 */

import { mul, scale } from "../../ops/elementwise.ts";
import type { GradientTransformation } from "../../optim/transform.ts";
import type { Compressor } from "../compressor.ts";
import { type StepRule, stepRule } from "../flora.ts";
import { momentsOf } from "../in-projected-space.ts";
import { compress, compressedShape, matrixOf, type Projection } from "../projection.ts";
import type { CompressorDefinition } from "./definition.ts";
import { type GaloreOptions, USUAL_INTERVAL } from "./galore.ts";
import { type Growth, growthByChannel, growthOfAll, limitGrowth, NORM_STATE } from "./growth.ts";
import { drawnSubspace } from "../subspaces/subspaces.ts";

/** APOLLO: Zhu et al., MLSys 2025, arXiv:2412.05270. */
export const apollo = (options: GaloreOptions): Compressor =>
  scaledGradients({ alpha: 1, ...options }, growthByChannel);

/** APOLLO-Mini, with one factor for a whole matrix. */
export const apolloMini = (options: Omit<GaloreOptions, "rank">): Compressor =>
  scaledGradients({ alpha: MINI_ALPHA, ...options, rank: MINI_RANK }, growthOfAll);

const MINI_RANK = 1;
const MINI_ALPHA = Math.sqrt(128);

const scaledGradients = (
  { resampleEvery = USUAL_INTERVAL, alpha = 1, ...choice }: GaloreOptions,
  growth: Growth,
): Compressor => ({
  resampleEvery,
  needsWholeGradients: true,
  compress: (param) => drawnSubspace(param, choice),
  rule: (base, projection) =>
    projection
      ? byScaledGradient(base, projection, { alpha, growth })
      : stepRule({ base, projection, momentum: 0 }),
});

/** @throws {UsageError} if the optimizer's state cannot live in a subspace. */
function byScaledGradient(
  base: GradientTransformation,
  projection: Projection,
  { alpha, growth }: { readonly alpha: number; readonly growth: Growth },
): StepRule {
  const { direction, finish } = momentsOf(base);
  return {
    init: (shape) => ({ ...direction.init(compressedShape(shape, projection)), ...NORM_STATE }),
    transfers: {},
    update(gradient, matrix, state, context) {
      const compressed = compress(gradient, matrixOf(matrix), projection);
      const { update, state: moments } = direction.update(compressed, state, context);
      const { limited, state: norm } = limitGrowth(
        scale(mul(gradient, growth(update, compressed, projection)), alpha),
        state,
      );
      return {
        update: finish.update(limited, {}, context).update,
        state: { ...moments, ...norm },
      };
    },
  };
}

export const APOLLO: CompressorDefinition = {
  label: "APOLLO",
  ownMoments: { optimizer: "adam", alpha: 1 },
  create: apollo,
};

export const APOLLO_MINI: CompressorDefinition = {
  label: "APOLLO-Mini",
  rank: MINI_RANK,
  ownMoments: { optimizer: "adam", alpha: MINI_ALPHA },
  create: apolloMini,
};
