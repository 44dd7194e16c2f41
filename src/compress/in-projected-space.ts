/**
 * @file Any descent whose direction can work in a subspace, in a subspace: Adam with both moments there, say, so that FLORA saves under
 * Adam as well: 2 r large numbers of state instead of 2 n m.
 *
 *   D, state' = direction(C, state)          C the mean compressed gradient
 *   update    = finish(D A)                  decay and rate, in the whole space
 *
 * Under a new projection each tensor of state goes where its transformation says. A first moment is transferred (Algorithm 2 of FLORA,
 * arXiv:2402.03293). A second is not: moved as M is, it could turn negative. Of C = G Aᵀ with independent entries of A,
 * E[C_ij²] = ‖G_i‖² / r is the same for all j, so that V is replaced by its mean over the projected axis, which estimates exactly that.
 */

import { option, UsageError } from "../errors.ts";
import type { Descent, GradientTransformation } from "../optim/transform.ts";
import type { StepRule } from "./flora.ts";
import { compressedShape, decompress, matrixOf, type Projection } from "./projection.ts";

const isDescent = (rule: GradientTransformation): rule is Descent =>
  "direction" in rule && "finish" in rule;

/** Whether a rule has state that can live in a subspace. */
export const keepsStateInSubspaces = (rule: GradientTransformation): boolean =>
  isDescent(rule) && Object.keys(rule.direction.transfers ?? {}).length > 0;

/** @throws {UsageError} if the rule cannot work in a subspace. */
export function inProjectedSpace(rule: GradientTransformation, projection: Projection): StepRule {
  if (!isDescent(rule) || !rule.direction.transfers) {
    throw new UsageError(
      `${option("compressMoments")}: the optimizer's state cannot live in a subspace`,
    );
  }
  const { direction, finish } = rule;
  return {
    init: (shape) => direction.init(compressedShape(shape, projection)),
    transfers: rule.direction.transfers,
    decay: direction.decay,
    update(mean, a, state, context) {
      const { update, state: next } = direction.update(mean, state, context);
      const full = decompress(update, matrixOf(a), projection);
      return { update: finish.update(full, {}, context).update, state: next };
    },
  };
}
