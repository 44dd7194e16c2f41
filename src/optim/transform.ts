/**
 * @file Gradient transformations: pairs of `init` and `update` that compose. Each acts on one parameter; what couples parameters (the
 * global norm) reaches them as a number.
 *
 * An update is added to the parameter, so a descent step ends in a negative factor.
 */

import { type Tensors } from "../graph/tensors.ts";
import type { Value } from "../graph/value.ts";
import { add, mul, scale } from "../ops/elementwise.ts";
import type { DType } from "../tensor/dtype.ts";
import { tensorBytes } from "../tensor/host-tensor.ts";

/** A tensor of state: its shape, and the number it is full of at first. */
export interface StateSpec {
  readonly shape: readonly number[];
  readonly initial: number;
  /** float32 by default. */
  readonly dtype?: DType;
}

/** The bytes of some state. */
export const stateBytes = (specs: Readonly<Record<string, StateSpec>>): number =>
  Object.values(specs).reduce(
    (sum, { dtype = "float32", shape }) => sum + tensorBytes(dtype, shape),
    0,
  );

/** What an update may depend on besides gradient and state. */
export interface UpdateContext {
  /** The parameter, [...]. */
  readonly param: Value;
  /** The learning rate of this step, a scalar. */
  readonly learningRate: Value;
  /**
   * A scalar that the host computes in double precision at every step t, counted from 1: bias corrections, decay rates. Equal
   * names are equal functions.
   */
  stepScalar(name: string, ofStep: (step: number) => number): Value;
  /** A scalar from 0 to 1, drawn for each parameter by itself, once for each of its subspaces. */
  chance(): Value;
}

/** An update and the state after it. */
export interface Updated {
  readonly update: Value;
  readonly state: Tensors;
}

/** How a tensor of state is expressed in another subspace: moved there, replaced by its mean over the projected axis, emptied, or left as it is. */
export type Transfer = "move" | "mean" | "reset" | "keep";

/** A gradient becomes an update, with state; pure, on graphs. */
export interface GradientTransformation {
  /** The state for a parameter of this shape. */
  init(shape: readonly number[]): Readonly<Record<string, StateSpec>>;
  /** One step: the update has the shape of the gradient. */
  update(gradient: Value, state: Tensors, context: UpdateContext): Updated;
  /**
   * What becomes of each tensor of state when the subspace changes that gradients and state are expressed in; absent where the
   * transformation cannot work in a subspace.
   */
  readonly transfers?: Readonly<Record<string, Transfer>>;
  /** The share of a moved tensor that is left after a step, 0 to 1: moving lets it grow, and it must shrink faster. */
  readonly decay?: number;
  /** What takes its place where gradients are compressed; it does itself if absent. */
  readonly inSubspace?: SubspaceDescent;
  /** Its constants where it is Adam, for who keeps or moves Adam's moments otherwise. */
  readonly adam?: AdamConstants;
  /** What it does with its momentum where it is Muon, for who keeps that otherwise. */
  readonly onMomentum?: MomentumDescent;
}

/** A descent along a mean of gradients that somebody else keeps. */
export interface MomentumDescent {
  /** μ: the share of the mean that is left after a step. */
  readonly decay: number;
  /** From the mean to a direction of the same shape, whatever its scale. */
  readonly direction: GradientTransformation;
  /** Decay and rate, which need the parameter itself. */
  readonly finish: GradientTransformation;
}

/** β₁, β₂ and ε: Kingma & Ba, ICLR 2015, arXiv:1412.6980. */
export interface AdamConstants {
  readonly b1: number;
  readonly b2: number;
  readonly eps: number;
}

/** A descent whose momentum is the sum in which compressed gradients add up: it decays from step to step, and begins anew in every subspace. */
export interface SubspaceDescent {
  /** β: the share of the sum that is left after a step. */
  readonly decay: number;
  /** From the sum to a direction of the same shape, whatever the sum's scale; the norm is that of the whole direction. */
  readonly direction: GradientTransformation;
  /** Decay and rate, which need the parameter itself. */
  readonly finish: GradientTransformation;
}

/** A whole descent step in two parts, of which the first may work in a subspace. */
export interface Descent extends GradientTransformation {
  /** From the gradient to a direction of the same shape. */
  readonly direction: GradientTransformation;
  /** Decay and rate, which need the parameter itself. */
  readonly finish: GradientTransformation;
}

/** A transformation without state. */
export const stateless = (
  update: (gradient: Value, context: UpdateContext) => Value,
): GradientTransformation => ({
  init: () => ({}),
  update: (gradient, state, context) => ({ update: update(gradient, context), state }),
});

/** One transformation after another. State names carry the place in the chain. */
export function chain(...links: readonly GradientTransformation[]): GradientTransformation {
  return {
    init: (shape) =>
      Object.fromEntries(
        links.flatMap((link, i) =>
          Object.entries(link.init(shape)).map(([name, spec]) => [`${i}.${name}`, spec]),
        ),
      ),
    update(gradient, state, context) {
      let update = gradient;
      const next: Record<string, Value> = {};
      for (const [i, link] of links.entries()) {
        const own = Object.entries(state).flatMap(([name, value]) =>
          name.startsWith(`${i}.`) ? [[name.slice(`${i}.`.length), value] as const] : [],
        );
        const result = link.update(update, Object.fromEntries(own), context);
        update = result.update;
        for (const [name, value] of Object.entries(result.state)) next[`${i}.${name}`] = value;
      }
      return { update, state: next };
    },
  };
}

/** The direction, then decoupled decay, which spares vectors (norms, biases), then the rate, in units of the run's. */
export function descent(
  direction: GradientTransformation,
  weightDecay: number,
  rateFactor = 1,
): Descent {
  const links = [
    ...(weightDecay === 0 ? [] : [addDecayedWeights(weightDecay, 2)]),
    scaleByLearningRate(rateFactor),
  ];
  return { ...chain(direction, ...links), direction, finish: chain(...links) };
}

/** The gradient itself. */
export const identity = (): GradientTransformation => ({
  ...stateless((gradient) => gradient),
  transfers: {},
});

/** u ← -f η u */
export const scaleByLearningRate = (factor = 1): GradientTransformation =>
  stateless((gradient, { learningRate }) => mul(gradient, scale(learningRate, -factor)));

/** u ← u + λ w, for parameters with at least `minAxes` axes. Decoupled: Loshchilov & Hutter, ICLR 2019. */
export const addDecayedWeights = (weightDecay: number, minAxes = 0): GradientTransformation =>
  stateless((gradient, { param }) =>
    param.shape.length >= minAxes ? add(gradient, scale(param, weightDecay)) : gradient,
  );
