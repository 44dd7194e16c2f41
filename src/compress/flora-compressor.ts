/**
 * @file FLORA as a compressor: from which family, with a momentum or with the moments of the optimizer in the subspace; and the one that
 * compresses nothing.
 */

import { option, UsageError } from "../errors.ts";
import type { GradientTransformation } from "../optim/transform.ts";
import { carriedMomentum } from "./carried-momentum.ts";
import { type CompressionChoice, described, projectionOf, saves, savesNothing } from "./choice.ts";
import type { Compressor, Uncompressed } from "./compressor.ts";
import { FAMILIES } from "./families.ts";
import { referenceStepRule, type StepRule, stepRule } from "./flora.ts";
import { inProjectedSpace } from "./in-projected-space.ts";
import type { Projection } from "./projection.ts";

/** The rules of momentum. */
export const MOMENTUM_RULES = ["paper", "reference"] as const;

/** Whether momentum is updated as Algorithm 2 of the paper says, or as its authors' code does. */
export type MomentumRule = (typeof MOMENTUM_RULES)[number];

/** Steps between projections of state that is moved: it should not be moved often. */
const KEPT_STATE_INTERVAL = 1000;

/** What state is kept between steps, and how. */
export interface MomentumOptions {
  /** Decay of the momentum; 0: none. */
  readonly momentum?: number;
  readonly momentumRule?: MomentumRule;
  /** Whether the optimizer's own state lives in the subspace. */
  readonly compressMoments?: boolean;
  /** Steps between projections; 1, and 1000 where state is kept in them, if absent. */
  readonly resampleEvery?: number | undefined;
}

const intervalOf = ({ momentum = 0, compressMoments = false, resampleEvery }: MomentumOptions) =>
  resampleEvery ?? (momentum > 0 || compressMoments ? KEPT_STATE_INTERVAL : 1);

/**
 * FLORA's options: the projection, how often it is drawn anew, and the momentum that is kept under it. The family is "orthonormal" by
 * default, whose error is the least of those that prefer no direction (arXiv:2603.20632); the paper's is "gaussian".
 */
export interface FloraOptions extends CompressionChoice, MomentumOptions {}

/** FLORA: Hao, Cao & Mou, ICML 2024, arXiv:2402.03293. */
export function flora(options: FloraOptions): Compressor {
  const { momentum = 0, momentumRule = "paper", compressMoments = false } = options;
  return {
    resampleEvery: intervalOf(options),
    needsWholeGradients: momentum > 0 && momentumRule === "reference",

    compress(param, base) {
      const isCarried = base.inSubspace !== undefined;
      const { projection: family = "orthonormal" } = options;
      const { draw, hasBlocks } = FAMILIES[family];
      const projection = projectionOf(param, options, family);
      if ("reason" in projection) return projection;
      const { rank, dimension } = projection;
      if (!saves(projection)) return savesNothing(projection);
      return {
        projection,
        description: described(projection),
        subspace: {
          kind: "drawn",
          // A momentum that begins anew loses nothing by subspaces that have nothing in common, and sees all of a matrix soonest.
          ...(isCarried && hasBlocks && { blocks: Math.floor(dimension / rank) }),
          draw: (key, a, block) => draw(key, a, rank, dimension, block),
        },
      };
    },

    rule(base, projection) {
      const { inSubspace } = base;
      if (!projection) return momentumStep(base, projection, options);
      if (compressMoments) return inProjectedSpace(base, projection);
      return inSubspace && momentum === 0
        ? carriedMomentum(inSubspace, projection)
        : momentumStep(base, projection, options);
    },
  };
}

/** Nothing is compressed, for one reason or another. */
export const dense = (options: MomentumOptions & Partial<Uncompressed> = {}): Compressor => ({
  resampleEvery: intervalOf(options),
  compress: ({ role }) => ({ reason: role === "adapter" ? role : (options.reason ?? "method") }),
  rule: (base) => momentumStep(base, undefined, options),
});

/** @throws {UsageError} if there would be two momenta. */
function momentumStep(
  base: GradientTransformation,
  projection: Projection | undefined,
  { momentum = 0, momentumRule = "paper" }: MomentumOptions,
): StepRule {
  if (momentum > 0 && base.inSubspace) {
    throw new UsageError(
      `${option("momentum")}: the optimizer has a momentum of its own; got ${momentum}`,
      { hint: `leave it out; ${option("hyperparameters")} has the decay of the optimizer's` },
    );
  }
  const rule = momentum > 0 && momentumRule === "reference" ? referenceStepRule : stepRule;
  return rule({ projection, momentum, base });
}
