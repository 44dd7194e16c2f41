/**
 * @file Adam whose moments both live in the compressed space, so that FLORA saves under Adam as well: 2 r large numbers of state
 * instead of 2 n m.
 *
 *   M ← β₁ M + (1 - β₁) C            C the mean compressed gradient
 *   V ← β₂ V + (1 - β₂) C²
 *   update = -η (M̂ / (√V̂ + ε)) A,   and decoupled decay, -η λ W
 *
 * Under a new projection the first moment is transferred (Algorithm 2 of FLORA, arXiv:2402.03293). The second is not: moved as
 * M is, it could turn negative. Of C = G Aᵀ with independent entries of A, E[C_ij²] = ‖G_i‖² / r is the same for all j, so that V is
 * replaced by its mean over the projected axis, which estimates exactly that.
 */

import { type AdamOptions, scaleByAdam } from "../optim/adam.ts";
import type { StepRule } from "./flora.ts";
import { compressedShape, decompress, type Projection } from "./projection.ts";
import { descent } from "../optim/transform.ts";

export interface CompressedAdamOptions extends AdamOptions {
  readonly projection: Projection;
  readonly weightDecay: number;
}

export function compressedAdamRule({
  projection,
  weightDecay,
  ...options
}: CompressedAdamOptions): StepRule {
  const direction = scaleByAdam(options);
  const finish = descent([], weightDecay);
  return {
    init: (shape) => direction.init(compressedShape(shape, projection)),
    transfers: { mu: "move", nu: "mean" },
    update(mean, a, state, context) {
      if (!a) throw new Error("internal: a compressed gradient without its projection");
      const { update, state: next } = direction.update(mean, state, context);
      const full = decompress(update, a, projection);
      return { update: finish.update(full, {}, context).update, state: next };
    },
  };
}
