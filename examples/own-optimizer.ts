/**
 * @file An optimizer of one's own, without a change of the library: the sign of a momentum for matrices (Lion: Chen et al., NeurIPS 2023,
 * arXiv:2302.06675), Adam for everything else.
 *
 *   u = -η sign(β₁ m + (1 - β₁) g),   m ← β₂ m + (1 - β₂) g
 */

import { train } from "flora-train";
import {
  descent,
  type GradientTransformation,
  type Optimizer,
  scaleByAdam,
} from "flora-train/engine";
import { abs, add, div, scale, shift, tensorAt } from "flora-train/graph";

/** The direction of Lion; its momentum may live in a subspace, and moves with it. */
function scaleByLion(b1 = 0.9, b2 = 0.99): GradientTransformation {
  return {
    init: (shape) => ({ m: { shape, initial: 0 } }),
    update(gradient, state) {
      const m = tensorAt(state, "m");
      const mixed = add(scale(m, b1), scale(gradient, 1 - b1));
      const sign = div(mixed, shift(abs(mixed), 1e-12));
      return { update: sign, state: { m: add(scale(m, b2), scale(gradient, 1 - b2)) } };
    },
    transfers: { m: "move" },
    decay: b2,
  };
}

const lion: Optimizer = {
  usualRate: 1e-3,
  rules: { matrices: descent(scaleByLion(), 0.01), others: descent(scaleByAdam(), 0) },
  labelOf: ({ role }) => (role === "matrix" ? "matrices" : "others"),
};

const run = train({
  model: { n_embd: 64, n_layer: 2, n_head: 2, n_positions: 192 },
  optimizer: lion,
  steps: Number(process.argv[2] ?? 20),
  batchSize: 16,
  rank: 16,
  translations: 0,
});
for await (const event of run) {
  if (event.type === "step") console.log(`step ${event.step}  loss ${event.loss.toFixed(3)}`);
}
