/**
 * @file A momentum that is the accumulator: what a step has summed up is not emptied after it but decays, and the next step adds to it. One
 * buffer of r large numbers is all that a matrix needs besides its weight.
 *
 *   window     M ← 0 under a fresh A                       every κ steps
 *   micro-step M ← M + G Aᵀ                                each token counts alike, and scale does not count
 *   step       U = direction(M) A,  W ← finish(W, U)       Muon's direction is the polar factor of M (`optim/muon.ts`)
 *              M ← β M
 *
 * A window begins with nothing, since under a block of one orthogonal matrix that is orthogonal to the last one a momentum that is moved, M A
 * Aʹᵀ, is nothing.
 *
 * Momentum in a subspace with the polar factor is published for projections of the whole gradient: SUMO (arXiv:2505.24749), GUM
 * (arXiv:2510.17802), MoFaSGD (arXiv:2507.08091), LiMuon. CompAct (NAACL 2025) and INSTANT (ICLR 2026) accumulate without forming it.
 */

import { type Tensors, tensorAt } from "../graph/tensors.ts";
import { add, scale } from "../ops/elementwise.ts";
import type { SubspaceDescent } from "../optim/transform.ts";
import type { StepRule } from "./flora.ts";
import { compressedShape, decompressIsometric, matrixOf, type Projection } from "./projection.ts";

/** A descent in a subspace, with its momentum in the accumulator. */
export const carriedMomentum = (
  { decay, direction, finish }: SubspaceDescent,
  projection: Projection,
): StepRule => ({
  init: () => ({}),
  transfers: {},
  carry: decay,
  update(sum, a, _, context) {
    const compressed = direction.update(sum, {}, context).update;
    const whole = decompressIsometric(compressed, matrixOf(a), projection);
    return { update: finish.update(whole, {}, context).update, state: {} };
  },
});

const MOMENTUM = "momentum";

/**
 * The same rule with a momentum beside the accumulator, for steps whose own gradient must be known by itself: clipped to a norm, added up
 * over machines, or left out.
 *
 *   M ← β M + C             C the sum over the tokens of the step, so that they count as they do in one buffer
 */
export function withOwnMomentum(rule: StepRule, projection: Projection): StepRule {
  const { carry, ...others } = rule;
  if (carry === undefined) return rule;
  return {
    ...others,
    takesSum: true,
    init: (shape) => ({
      ...rule.init(shape),
      [MOMENTUM]: { shape: compressedShape(shape, projection), initial: 0 },
    }),
    transfers: { ...rule.transfers, [MOMENTUM]: "reset" },
    update(sum, a, state, context) {
      const momentum = add(scale(tensorAt(state, MOMENTUM), carry), sum);
      const { update, state: next } = rule.update(momentum, a, without(state), context);
      return { update, state: { ...next, [MOMENTUM]: momentum } };
    },
  };
}

const without = (state: Tensors): Tensors =>
  Object.fromEntries(Object.entries(state).filter(([name]) => name !== MOMENTUM));
