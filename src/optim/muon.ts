/**
 * @file Muon: Jordan et al., 2024, https://kellerjordan.github.io/posts/muon; with the rate of Liu et al., "Muon is Scalable for LLM Training",
 * 2025, arXiv:2502.16982, under which updates are as large as AdamW's, so that rates carry over.
 *
 *   m ← μ m + g
 *   u = polar(g + μ m)                            Nesterov's momentum, and the polar factor of `directions/polar.ts`
 *   w ← (1 - η λ) w - η 0.2 √max(n, m) u          matrices [n, m] within the model
 *
 * Embeddings, the head, norms, biases and what has more axes are updated by AdamW, at a rate of their own.
 *
 * In a subspace the momentum is the sum that gradients are accumulated in (`compress/carried-momentum.ts`), without Nesterov's look ahead,
 * which would need a second buffer:
 *
 *   u = 0.2 √(n m) polar(M) / ‖polar(M)‖
 */

import { elementCount, staticShape } from "../tensor/shape.ts";
import { scale } from "../ops/elementwise.ts";
import { scaleByAdam } from "./adam.ts";
import type { OptimizerDefinition, RuledParam } from "./optimizer.ts";
import { newtonSchulz, polarOfNorm } from "./directions/polar.ts";
import { trace } from "./sgd.ts";
import { chain, descent, type GradientTransformation, stateless } from "./transform.ts";

/** Muon's constants. */
export interface MuonOptions {
  /** μ, 0.95 by default. */
  readonly decay?: number;
  /** β, the decay of the momentum in a subspace, 0.8 by default. */
  readonly subspaceDecay?: number;
  /** λ of the decoupled weight decay, 0 by default. */
  readonly weightDecay?: number;
}

/** The root mean square of AdamW's updates. */
const UPDATE_RMS = 0.2;

/** Muon for a matrix: Jordan et al., 2024. */
export function muon({
  decay = 0.95,
  subspaceDecay = 0.8,
  weightDecay = 0,
}: MuonOptions = {}): GradientTransformation {
  const direction = chain(trace({ decay, nesterov: true }), orthogonalize());
  const { finish } = descent(direction, weightDecay);
  return {
    ...descent(direction, weightDecay),
    inSubspace: { decay: subspaceDecay, direction: orthogonalizeCompressed(), finish },
    onMomentum: { decay, direction: orthogonalize(), finish },
  };
}

/** u = 0.2 √max(n, m) polar(g) */
const orthogonalize = (): GradientTransformation =>
  stateless((gradient) => {
    const sizes = staticShape("muon", gradient.shape);
    return scale(newtonSchulz(gradient), UPDATE_RMS * Math.sqrt(Math.max(...sizes)));
  });

/** A compressed update of the norm that the whole one shall have, 0.2 √(n m). */
const orthogonalizeCompressed = (): GradientTransformation =>
  stateless((sum, { param }) =>
    polarOfNorm(sum, UPDATE_RMS * Math.sqrt(elementCount(param.shape))),
  );

const isWithin = ({ role, shape, isHead = false }: RuledParam): boolean =>
  shape.length === 2 && !isHead && (role === "matrix" || role === "adapter");

export const MUON: OptimizerDefinition = {
  help: "Muon, which orthogonalises the momentum of matrices, and AdamW for the other parameters",
  usualRates: { width: 576, scratch: 3e-3, tuning: 5e-4, adapters: 3e-3 },
  resampleEvery: 20,
  hyperparameters: {
    decay: { default: 0.95, min: 0, below: 1, help: "decay of the momentum" },
    subspaceDecay: { default: 0.8, min: 0, below: 1, help: "decay of a compressed momentum" },
    adamRate: { default: 0.5, min: 0, help: "rate of AdamW, in units of the run's" },
    b1: { default: 0.9, min: 0, below: 1, help: "AdamW's decay of the first moment" },
    b2: { default: 0.999, min: 0, below: 1, help: "AdamW's decay of the second moment" },
    eps: { default: 1e-8, min: 0, help: "AdamW's, added to the root of the second moment" },
  },
  build: ({ adamRate, ...options }, weightDecay) => ({
    rules: {
      muon: muon({ ...options, weightDecay }),
      adamw: descent(scaleByAdam(options), weightDecay, adamRate),
    },
    labelOf: (param) => (isWithin(param) ? "muon" : "adamw"),
  }),
};
