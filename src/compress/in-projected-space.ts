/**
 * @file Any descent whose direction can work in a subspace, in a subspace: Adam with both moments there, say, so that FLORA saves under
 * Adam as well: 2 r large numbers of state instead of 2 n m.
 *
 *   D, state' = direction(C, state)          C the mean compressed gradient
 *   update    = finish(α D A)                decay and rate, in the whole space
 *
 * Under a new projection each tensor of state goes where its transformation says. A first moment is transferred (Algorithm 2 of FLORA,
 * arXiv:2402.03293). A second is not: moved as M is, it could turn negative. Of C = G Aᵀ with independent entries of A,
 * E[C_ij²] = ‖G_i‖² / r is the same for all j, so that V is replaced by its mean over the projected axis, which estimates exactly that.
 */

import { UsageError } from "../errors.ts";
import { scale } from "../ops/elementwise.ts";
import type {
  AdamConstants,
  Descent,
  GradientTransformation,
  Transfer,
} from "../optim/transform.ts";
import type { StepRule } from "./flora.ts";
import { compressedShape, decompress, matrixOf, type Projection } from "./projection.ts";

const isDescent = (rule: GradientTransformation): rule is Descent =>
  "direction" in rule && "finish" in rule;

/** Whether a rule has state that can live in a subspace. */
export const keepsStateInSubspaces = (rule: GradientTransformation): boolean =>
  isDescent(rule) && Object.keys(rule.direction.transfers ?? {}).length > 0;

/** A descent whose direction can work in a subspace. */
export interface SubspaceMoments extends Descent {
  readonly transfers: Readonly<Record<string, Transfer>>;
}

/** A rule as one that can work in a subspace. @throws {UsageError} if it cannot. */
export function momentsOf(rule: GradientTransformation): SubspaceMoments {
  if (isDescent(rule) && rule.direction.transfers) {
    return { ...rule, transfers: rule.direction.transfers };
  }
  throw new UsageError("the optimizer's state cannot live in a subspace", {
    hint: "adam, adamw and momentum have moments that can",
  });
}

/** Adam in two parts, with its constants. */
export interface AdamDescent extends Descent {
  readonly adam: AdamConstants;
}

/** A rule as Adam. @throws {UsageError} if it is something else. */
export function adamOf(rule: GradientTransformation): AdamDescent {
  if (isDescent(rule) && rule.direction.adam) return { ...rule, adam: rule.direction.adam };
  throw new UsageError("the optimizer has no moments of Adam", { hint: "adam and adamw have" });
}

/** How moments in a subspace differ from FLORA's. */
export interface SubspaceOptions {
  /** α: a factor of the update, but not of the decay; 1 by default. */
  readonly alpha?: number;
  /** Whether moments are taken under a new projection as they are; false by default. */
  readonly isKept?: boolean;
}

/** @throws {UsageError} if the rule cannot work in a subspace. */
export function inProjectedSpace(
  rule: GradientTransformation,
  projection: Projection,
  { alpha = 1, isKept = false }: SubspaceOptions = {},
): StepRule {
  const { direction, finish, transfers } = momentsOf(rule);
  return {
    init: (shape) => direction.init(compressedShape(shape, projection)),
    ...(isKept ? { transfers: {} } : { transfers, decay: direction.decay }),
    update(mean, a, state, context) {
      const { update, state: next } = direction.update(mean, state, context);
      const scaled = alpha === 1 ? update : scale(update, alpha);
      const full = decompress(scaled, matrixOf(a), projection);
      return { update: finish.update(full, {}, context).update, state: next };
    },
  };
}
