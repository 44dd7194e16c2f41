/**
 * @file Adafactor: Shazeer & Stern, "Adafactor: Adaptive Learning Rates with Sublinear Memory Cost", ICML 2018, arXiv:1804.04235.
 *
 *   β₂ₜ = 1 - t^-0.8
 *   R ← β₂ₜ R + (1 - β₂ₜ) mean over columns (g² + ε₁)          [N]
 *   K ← β₂ₜ K + (1 - β₂ₜ) mean over rows (g² + ε₁)             [M]
 *   u = g / √(R K / mean(R))                                    algorithm 4; vectors keep all of v
 *   u ← u / max(1, RMS(u) / d)                                  update clipping, d = 1
 *   w ← w - η max(ε₂, RMS(w)) u
 */

import { tensorAt } from "../graph/tensors.ts";
import { scalarLike, type Value } from "../graph/value.ts";
import { add, div, max, mul, scale, shift, sqrt, sub } from "../ops/elementwise.ts";
import { reduceMean, sumSquares } from "../ops/reduce.ts";
import { staticShape } from "../tensor/shape.ts";
import { everywhere, type OptimizerDefinition } from "./optimizer.ts";
import { ema } from "./sgd.ts";
import {
  addDecayedWeights,
  chain,
  type GradientTransformation,
  scaleByLearningRate,
  stateless,
  type UpdateContext,
} from "./transform.ts";

export interface AdafactorOptions {
  /** Exponent of the second moment's decay, -0.8 by default. */
  readonly decayRate?: number;
  /** d: the largest root mean square of an update, 1 by default. */
  readonly clipThreshold?: number;
  /** Multiply updates by the parameter's own scale; true by default. */
  readonly scaleByParameter?: boolean;
  /** β₁ of a momentum over the finished updates; none by default. */
  readonly b1?: number;
  /** λ of the decoupled weight decay of matrices; none by default. */
  readonly weightDecay?: number;
  /** ε₁, 1e-30 by default. */
  readonly eps?: number;
  /** ε₂, the smallest parameter scale, 1e-3 by default. */
  readonly minScale?: number;
}

export const adafactor = (options: AdafactorOptions = {}): GradientTransformation => {
  const { clipThreshold = 1, scaleByParameter = true, minScale = 1e-3, b1 } = options;
  const { weightDecay = 0 } = options;
  return chain(
    scaleByFactoredRms(options),
    clipByBlockRms(clipThreshold),
    ...(weightDecay === 0 ? [] : [addDecayedWeights(weightDecay, 2)]),
    scaleByLearningRate(),
    ...(scaleByParameter ? [scaleByParameterRms(minScale)] : []),
    ...(b1 === undefined ? [] : [ema(b1)]),
  );
};

/** The rate min(1e-2, 1/√t) that Adafactor uses when none is given. */
export const relativeStepSize = (step: number): number => Math.min(1e-2, 1 / Math.sqrt(step));

/** u = g / √v with v factored into row and column means. */
export function scaleByFactoredRms({
  decayRate = -0.8,
  eps = 1e-30,
}: AdafactorOptions = {}): GradientTransformation {
  /** β v + (1 - β) (mean + ε): the added ε₁ is the same before and after the mean. */
  const decayed = (old: Value, mean: Value, { stepScalar }: UpdateContext): Value => {
    const kept = stepScalar(`adafactor.${decayRate}`, (step) => 1 - step ** decayRate);
    return add(mul(old, kept), mul(shift(mean, eps), sub(scalarLike(old, 1), kept)));
  };
  return {
    init(shape) {
      if (shape.length < 2) return { v: { shape, initial: 0 } };
      return {
        rows: { shape: shape.with(-1, 1), initial: 0 },
        columns: { shape: shape.with(-2, 1), initial: 0 },
      };
    },
    update(gradient, state, context) {
      const sizes = staticShape("adafactor", gradient.shape);
      if (sizes.length < 2) {
        const v = decayed(tensorAt(state, "v"), mul(gradient, gradient), context);
        return { update: div(gradient, sqrt(v)), state: { v } };
      }
      const mean = (axis: number) =>
        scale(sumSquares(gradient, { axes: [axis], keepDims: true }), 1 / (sizes.at(axis) ?? 1));
      const rows = decayed(tensorAt(state, "rows"), mean(-1), context); // [N, 1]
      const columns = decayed(tensorAt(state, "columns"), mean(-2), context); // [1, M]
      const relative = div(rows, reduceMean(rows, { axes: [-2], keepDims: true }));
      const one = scalarLike(gradient, 1);
      const byRow = mul(gradient, div(one, sqrt(relative)));
      return { update: mul(byRow, div(one, sqrt(columns))), state: { rows, columns } };
    },
  };
}

/** u ← u / max(1, RMS(u) / threshold) */
export const clipByBlockRms = (threshold: number): GradientTransformation =>
  stateless((gradient) =>
    div(gradient, max(scale(rms(gradient), 1 / threshold), scalarLike(gradient, 1))),
  );

/** u ← u max(floor, RMS(w)) */
export const scaleByParameterRms = (floor: number): GradientTransformation =>
  stateless((gradient, { param }) => mul(gradient, max(rms(param), scalarLike(param, floor))));

/** The root of the mean square of all elements, a scalar. */
function rms(x: Value): Value {
  const count = staticShape("rms", x.shape).reduce((n, dim) => n * dim, 1);
  return sqrt(scale(sumSquares(x), 1 / count));
}

export const ADAFACTOR: OptimizerDefinition = {
  help: "Adafactor, whose second moment is factored into rows and columns",
  usualRates: { width: 576, scratch: 1e-2, tuning: 1e-3, adapters: 1e-2 },
  hyperparameters: {
    decayRate: { default: -0.8, min: -1, below: 0, help: "exponent of the second moment's decay" },
    clipThreshold: { default: 1, min: 0, help: "largest root mean square of an update" },
    eps: { default: 1e-30, min: 0, help: "added to squared gradients" },
    minScale: { default: 1e-3, min: 0, help: "smallest scale of a parameter" },
  },
  build: (options, weightDecay) => everywhere(adafactor({ ...options, weightDecay })),
};
