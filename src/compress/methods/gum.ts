/**
 * @file GUM: Pan, Luo, Liu, You & Zhang, "Unbiased Gradient Low-Rank Projection" (GaLore Unbiased with Muon), 2025, arXiv:2510.17802.
 *
 *   every T steps   A ← Uᵀ of the r leading singular vectors U of G, M ← 0, and a chance decides of each matrix
 *   in 1 - q        S = Aᵀ A G / (1 - q)                                   [n, m], of rank r
 *   in q            S = (G - Aᵀ A G) / q                                   what the others leave out
 *   each step       M ← μ M + S,   W ← W - η α polar(M)
 *
 * so that S is G on average. The iterations of the polar factor are odd polynomials, so that those of Aᵀ R are Aᵀ times those of R: M is
 * whole here in either case, since state is allocated once, where the paper keeps R [r, m] in the first one. As M begins anew and polar(M)
 * does not know its scale, 1/(1 - q) and 1/q change nothing and are left out.
 *
 * The equations are those of a catalogue of optimizers (junaidaliop/zij) and of reviews of the paper, by which its Theorem 1 is best at q
 * = 1/2. Here each matrix has its own chance, q is 1/2, and T GaLore's 200. μ is Muon's, and so is the size of its updates.
 */

import { tensorAt } from "../../graph/tensors.ts";
import { scalarLike } from "../../graph/value.ts";
import { add, less, scale, sub, where } from "../../ops/elementwise.ts";
import type { MomentumDescent } from "../../optim/transform.ts";
import type { Compressor } from "../compressor.ts";
import { type StepRule, stepRule } from "../flora.ts";
import { compress, decompress, matrixOf, type Projection } from "../projection.ts";
import { learnedSubspace } from "../subspaces/subspaces.ts";
import type { CompressorDefinition } from "./definition.ts";
import { type GaloreOptions, USUAL_INTERVAL } from "./galore.ts";

/** q. */
const CHANCE = 0.5;

/** GUM: Pan et al., 2025, arXiv:2510.17802. */
export const gum = ({
  resampleEvery = USUAL_INTERVAL,
  alpha = 1,
  ...choice
}: GaloreOptions): Compressor => ({
  resampleEvery,
  needsWholeGradients: true,
  compress: (param, base) =>
    base.onMomentum ? learnedSubspace(param, choice) : { reason: "not Muon's" },
  rule: (base, projection) =>
    projection && base.onMomentum
      ? byChance(base.onMomentum, projection, alpha)
      : stepRule({ base, projection, momentum: 0 }),
});

const MOMENTUM = "momentum";

const byChance = (
  { decay, direction, finish }: MomentumDescent,
  projection: Projection,
  alpha: number,
): StepRule => ({
  init: (shape) => ({ [MOMENTUM]: { shape, initial: 0 } }),
  transfers: { [MOMENTUM]: "reset" },
  update(gradient, matrix, state, context) {
    const a = matrixOf(matrix);
    const within = decompress(compress(gradient, a, projection), a, projection); // [n, m]
    const chance = context.chance();
    const isWhole = less(chance, scalarLike(chance, CHANCE));
    const part = where(isWhole, sub(gradient, within), within);
    const momentum = add(scale(tensorAt(state, MOMENTUM), decay), part);
    const full = scale(direction.update(momentum, {}, context).update, alpha);
    return {
      update: finish.update(full, {}, context).update,
      state: { [MOMENTUM]: momentum },
    };
  },
});

export const GUM: CompressorDefinition = {
  label: "GUM",
  ownMoments: { optimizer: "muon", alpha: 1, optimizers: ["muon"] },
  isLearned: true,
  create: gum,
};
