/**
 * @file SCALE: Glentis, Li, Han & Hong, "A Minimalist Optimizer Design for LLM Pretraining", 2025, arXiv:2506.16659, algorithm 1.
 *
 *   m ← β m + (1 - β) g          the head alone; elsewhere m = g
 *   u_j = m_j / ‖m_j‖            for each input j of the linear map, over its outputs
 *   w ← (1 - η λ) w - η u
 *
 * A weight has the outputs along the axis that its input is not multiplied along; an embedding is a map from tokens, so its rows have length
 * 1, and tied weights are the head's. Vectors and what has more axes are updated by AdamW, at a rate of their own.
 *
 * Of a compressed gradient the columns of its estimate Ĝ are normalised, which is there when the step is made: nothing else is kept.
 */

import { scaleByAdam } from "./adam.ts";
import { unitAlong } from "./directions/unit-columns.ts";
import type { OptimizerDefinition, RuledParam } from "./optimizer.ts";
import { ema } from "./sgd.ts";
import { chain, descent, type GradientTransformation, stateless } from "./transform.ts";

/** SCALE's constants. */
export interface ScaleOptions {
  /** The axis of the outputs, which norms are taken over: 0 by default. */
  readonly outputAxis?: 0 | 1;
  /** β of the momentum; none by default. */
  readonly decay?: number;
  /** λ of the decoupled weight decay, 0 by default. */
  readonly weightDecay?: number;
}

/** SCALE for a matrix: Glentis et al., 2025. */
export function unitColumnDescent({
  outputAxis = 0,
  decay = 0,
  weightDecay = 0,
}: ScaleOptions = {}): GradientTransformation {
  const normalize = stateless((gradient) => unitAlong(gradient, outputAxis));
  return descent(decay > 0 ? chain(ema(decay), normalize) : normalize, weightDecay);
}

function labelOf({ role, shape, inputAxis, isHead = false }: RuledParam): string {
  if (shape.length !== 2) return "adamw";
  if (isHead) return inputAxis === 0 ? "head, rows" : "head";
  const readsAlong = inputAxis ?? (role === "embedding" ? 0 : 1);
  return readsAlong === 0 ? "rows" : "columns";
}

export const SCALE: OptimizerDefinition = {
  help: "SCALE, which normalises the columns of gradients, with a momentum of the head alone, and AdamW for vectors",
  usualRates: { scratch: 2e-2, tuning: 2e-3, adapters: 2e-2 },
  hyperparameters: {
    decay: { default: 0.9, min: 0, below: 1, help: "decay of the head's momentum" },
    adamRate: { default: 1, min: 0, help: "rate of AdamW, in units of the run's" },
    b1: { default: 0.9, min: 0, below: 1, help: "AdamW's decay of the first moment" },
    b2: { default: 0.999, min: 0, below: 1, help: "AdamW's decay of the second moment" },
    eps: { default: 1e-8, min: 0, help: "AdamW's, added to the root of the second moment" },
  },
  build: ({ adamRate, decay = 0, ...options }, weightDecay) => ({
    rules: {
      columns: unitColumnDescent({ weightDecay }),
      rows: unitColumnDescent({ outputAxis: 1, weightDecay }),
      head: unitColumnDescent({ decay, weightDecay }),
      "head, rows": unitColumnDescent({ outputAxis: 1, decay, weightDecay }),
      adamw: descent(scaleByAdam(options), weightDecay, adamRate),
    },
    labelOf,
  }),
};
