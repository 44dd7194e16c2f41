/**
 * @file FLORA: Hao, Cao & Mou, "Flora: Low-Rank Adapters Are Secretly Gradient Compressors", ICML 2024, arXiv:2402.03293.
 *
 *   accumulation (Algorithm 1)    C ← C + G Aᵀ                every micro-step (`accumulator.ts`)
 *                                 Ĝ = C A / τ                 every step; then C ← 0 under a fresh A
 *   momentum (Algorithm 2)        M ← (M A_old) A_newᵀ        every κ steps
 *                                 M ← β M + (1 - β) C / τ     every step
 *                                 Ĝ = M A
 *
 * Ĝ then goes to any base optimizer. Written for a projection of the columns; `projection.ts` knows both sides.
 */

import { type Tensors, tensorAt } from "../graph/tensors.ts";
import type { Value } from "../graph/value.ts";
import { add, scale } from "../ops/elementwise.ts";
import { compress, compressedShape, decompress, matrixOf, type Projection } from "./projection.ts";
import { ema } from "../optim/sgd.ts";
import type {
  GradientTransformation,
  StateSpec,
  Transfer,
  UpdateContext,
  Updated,
} from "../optim/transform.ts";

/** How an accumulated gradient, whole or compressed, becomes an update. */
export interface StepRule {
  /** The state for a parameter of this shape. */
  init(shape: readonly number[]): Readonly<Record<string, StateSpec>>;
  /** State that belongs to the projection, and what becomes of it when that changes. */
  readonly transfers: Readonly<Record<string, Transfer>>;
  /** The share of moved state that is left after a step; absent where nothing is moved. */
  readonly decay?: number | undefined;
  /** The share of what was accumulated that stays for the next step, until the projection changes; none if absent. */
  readonly carry?: number;
  /** Whether it takes the gradient summed up over the step's tokens in place of their mean; false by default. */
  readonly takesSum?: boolean;
  /** The update from the mean gradient as it was accumulated. */
  update(mean: Value, a: Value | undefined, state: Tensors, context: UpdateContext): Updated;
}

/** What a step rule is made of. */
export interface StepRuleOptions {
  readonly projection: Projection | undefined;
  /** β; 0 keeps no momentum. */
  readonly momentum: number;
  readonly base: GradientTransformation;
}

/** The rule of the paper. Without a projection the momentum is an ordinary mean of gradients. */
export function stepRule({ projection, momentum, base }: StepRuleOptions): StepRule {
  const mean = momentum === 0 ? undefined : ema(momentum);
  const stored = (shape: readonly number[]) =>
    projection ? compressedShape(shape, projection) : shape;
  return {
    init: (shape) => ({
      ...prefixed("momentum.", mean?.init(stored(shape)) ?? {}),
      ...prefixed("base.", base.init(shape)),
    }),
    transfers: projection && mean ? { "momentum.mean": "move" } : {},
    decay: projection && mean?.decay,
    update(gradient, a, state, context) {
      const smoothed = mean?.update(gradient, own("momentum.", state), context);
      const kept = smoothed?.update ?? gradient;
      const full = projection ? decompress(kept, matrixOf(a), projection) : kept;
      const result = base.update(full, own("base.", state), context);
      return {
        update: result.update,
        state: {
          ...prefixed("momentum.", smoothed?.state ?? {}),
          ...prefixed("base.", result.state),
        },
      };
    },
  };
}

/**
 * What the reference code computes instead (BorealisAI/flora-opt, behaviour): the base optimizer's direction u comes first, and
 * each step mixes in (1 - β) of it uncompressed. It needs the whole gradient.
 *
 *   step = β M A + (1 - β) u,   M ← β M + (1 - β) u Aᵀ
 */
export function referenceStepRule({ projection, momentum, base }: StepRuleOptions): StepRule {
  if (!projection) return stepRule({ projection, momentum, base });
  return {
    init: (shape) => ({
      "momentum.mean": { shape: compressedShape(shape, projection), initial: 0 },
      ...prefixed("base.", base.init(shape)),
    }),
    transfers: { "momentum.mean": "move" },
    decay: momentum,
    update(gradient, a, state, context) {
      const result = base.update(gradient, own("base.", state), context);
      const old = scale(tensorAt(state, "momentum.mean"), momentum);
      const fresh = scale(result.update, 1 - momentum);
      return {
        update: add(decompress(old, matrixOf(a), projection), fresh),
        state: {
          "momentum.mean": add(old, compress(fresh, matrixOf(a), projection)),
          ...prefixed("base.", result.state),
        },
      };
    },
  };
}

const prefixed = <T>(prefix: string, record: Readonly<Record<string, T>>): Record<string, T> =>
  Object.fromEntries(Object.entries(record).map(([name, value]) => [prefix + name, value]));

const own = (prefix: string, state: Tensors): Tensors =>
  Object.fromEntries(
    Object.entries(state).flatMap(([name, value]) =>
      name.startsWith(prefix) ? [[name.slice(prefix.length), value] as const] : [],
    ),
  );
