/**
 * @file Fira: Chen et al., "Fira: Can We Achieve Full-rank Training of LLMs Under Low-rank Constraint?", NeurIPS 2025, arXiv:2410.01623.
 *
 *   A, C, D         those of GaLore                                        C = A G [r, m],  D = Adam(C)
 *   residual        S = G - Aᵀ C                                           [n, m]
 *   scale           S_j ← S_j ‖D_j‖ / ‖C_j‖                                by columns, as what Adam does to them
 *   limit           S ← S γ ν / ‖S‖  if ‖S‖ > γ ν;  ν ← ‖S‖                `growth.ts`
 *   step            W ← W - η α (Aᵀ D + S)
 *
 * It needs each gradient whole. α is that of GaLore and scales the whole update, so that S is the residual of A; the authors' code scales
 * Aᵀ D alone, and subtracts α Aᵀ C.
 */

import { add, mul, scale, sub } from "../../ops/elementwise.ts";
import type { GradientTransformation } from "../../optim/transform.ts";
import type { Compressor } from "../compressor.ts";
import { type StepRule, stepRule } from "../flora.ts";
import { momentsOf } from "../in-projected-space.ts";
import { compress, compressedShape, decompress, matrixOf, type Projection } from "../projection.ts";
import type { CompressorDefinition } from "./definition.ts";
import { type GaloreOptions, USUAL_ALPHA, USUAL_INTERVAL } from "./galore.ts";
import { growthByChannel, limitGrowth, NORM_STATE } from "./growth.ts";
import { learnedSubspace } from "../subspaces/subspaces.ts";

/** Fira: Chen et al., NeurIPS 2025, arXiv:2410.01623. */
export const fira = (options: GaloreOptions): Compressor => ({
  resampleEvery: options.resampleEvery ?? USUAL_INTERVAL,
  needsWholeGradients: true,
  compress: (param) => learnedSubspace(param, options),
  rule: (base, projection) =>
    projection
      ? withResidual(base, projection, options.alpha ?? USUAL_ALPHA)
      : stepRule({ base, projection, momentum: 0 }),
});

/** @throws {UsageError} if the optimizer's state cannot live in a subspace. */
function withResidual(
  base: GradientTransformation,
  projection: Projection,
  alpha: number,
): StepRule {
  const { direction, finish } = momentsOf(base);
  return {
    init: (shape) => ({ ...direction.init(compressedShape(shape, projection)), ...NORM_STATE }),
    transfers: {},
    update(gradient, matrix, state, context) {
      const a = matrixOf(matrix);
      const compressed = compress(gradient, a, projection);
      const { update, state: moments } = direction.update(compressed, state, context);
      const residual = sub(gradient, decompress(compressed, a, projection)); // [n, m]
      const { limited, state: norm } = limitGrowth(
        mul(residual, growthByChannel(update, compressed, projection)),
        state,
      );
      const full = scale(add(decompress(update, a, projection), limited), alpha);
      return {
        update: finish.update(full, {}, context).update,
        state: { ...moments, ...norm },
      };
    },
  };
}

export const FIRA: CompressorDefinition = {
  label: "Fira",
  ownMoments: { optimizer: "adam", alpha: USUAL_ALPHA },
  isLearned: true,
  create: fira,
};
