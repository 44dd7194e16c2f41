/**
 * @file LoRA-Pre: Wang, Liang, He, Wang & Tan, "Taming Momentum: Rethinking Optimizer States Through Low-Rank Approximation", ICLR 2026,
 * arXiv:2602.24283. A mean of gradients is what gradient descent on ½‖M - G‖² makes of M; here M is a product of two factors, and each
 * is taken a step γ of Newton's method (Theorem 3.1):
 *
 *   means       B ← (1 - γ) B + γ G Aᵀ (A Aᵀ)⁻¹                            [l, r]
 *               A ← (1 - γ) A + γ (Bᵀ B)⁻¹ Bᵀ G                            [r, s], from the B of before
 *   Adam        M = β₁ B A + (1 - β₁) G,            (1 - γ)² = β₁
 *               V = β₂ (B' A')² + (1 - β₂) G²,      (1 - γ')⁴ = β₂         of B', A' which follow |G| as B, A follow G
 *               W ← W - η α M̂ / (√V̂ + ε)                                   hats are Adam's corrections
 *   Muon        M = μ B A + (1 - μ) G,              (1 - γ)² = μ
 *               W ← W - η α polar(M)
 *
 * G is written [l, s] with its smaller side last. B is 0 at first and A normal numbers, the same ones for G and |G|. The paper has its
 * algorithms in an appendix that could not be read: that all factors take their step from those of before, the share of G itself in M and
 * V, and the couplings of γ are those of a catalogue of optimizers (junaidaliop/zij), α 1/4 is what summaries say of its experiments, and
 * that Muon's form has no look ahead was decided here. Inverses are damped (`dualRows`), since B begins with 0.
 *
 * It needs each gradient whole, for the step alone.
 */

import { type Tensors, tensorAt } from "../../graph/tensors.ts";
import type { Value } from "../../graph/value.ts";
import { abs, add, div, mul, scale, shift, sqrt } from "../../ops/elementwise.ts";
import { matmul } from "../../ops/matmul.ts";
import { matrixTranspose } from "../../ops/movement.ts";
import { dualRows } from "../../optim/directions/dual.ts";
import type { GradientTransformation, StateSpec } from "../../optim/transform.ts";
import type { Compressor } from "../compressor.ts";
import { type StepRule, stepRule } from "../flora.ts";
import { adamOf } from "../in-projected-space.ts";
import { matrixOf, type Projection } from "../projection.ts";
import { begun, followedSubspace, NEVER } from "../subspaces/followed.ts";
import type { CompressorDefinition } from "./definition.ts";
import { USUAL_ALPHA } from "./galore.ts";
import type { LdadamOptions } from "./ldadam.ts";

/** LoRA-Pre: Wang et al., ICLR 2026, arXiv:2602.24283. */
export const loraPre = ({ alpha = USUAL_ALPHA, ...choice }: LdadamOptions): Compressor => ({
  resampleEvery: NEVER,
  needsWholeGradients: true,
  compress: (param) => followedSubspace(param, choice),
  rule(base, projection) {
    if (!projection) return stepRule({ base, projection, momentum: 0 });
    return base.onMomentum
      ? factoredMuon(base.onMomentum, projection, alpha)
      : factoredAdam(base, projection, alpha);
  },
});

/** @throws {UsageError} if the optimizer is not Adam. */
function factoredAdam(
  base: GradientTransformation,
  projection: Projection,
  alpha: number,
): StepRule {
  const {
    finish,
    adam: { b1, b2, eps },
  } = adamOf(base);
  const [mean, root] = [factors("mean", b1 ** 0.5), factors("root", b2 ** 0.25)];
  return {
    init: (shape) => ({ ...mean.init(shape, projection), ...root.init(shape, projection) }),
    transfers: {},
    update(gradient, a, state, context) {
      const { stepScalar } = context;
      const g = turned(gradient, projection); // [l, s]
      const first = mean.follow(g, state, matrixOf(a));
      const second = root.follow(abs(g), state, matrixOf(a));
      const m = add(scale(first.product, b1), scale(g, 1 - b1));
      const square = mul(second.product, second.product);
      const v = add(scale(square, b2), scale(mul(g, g), 1 - b2));
      const meanScale = stepScalar(`adam.mean.${b1}`, (step) => 1 / (1 - b1 ** step));
      const rootScale = stepScalar(`adam.root.${b2}`, (step) => 1 / Math.sqrt(1 - b2 ** step));
      const update = div(mul(m, meanScale), shift(mul(sqrt(v), rootScale), eps));
      const full = scale(turned(update, projection), alpha);
      return {
        update: finish.update(full, {}, context).update,
        state: { ...first.state, ...second.state },
      };
    },
  };
}

function factoredMuon(
  { decay, direction, finish }: NonNullable<GradientTransformation["onMomentum"]>,
  projection: Projection,
  alpha: number,
): StepRule {
  const mean = factors("mean", decay ** 0.5);
  return {
    init: (shape) => mean.init(shape, projection),
    transfers: {},
    update(gradient, a, state, context) {
      const g = turned(gradient, projection); // [l, s]
      const { product, state: next } = mean.follow(g, state, matrixOf(a));
      const m = turned(add(scale(product, decay), scale(g, 1 - decay)), projection);
      const full = scale(direction.update(m, {}, context).update, alpha);
      return { update: finish.update(full, {}, context).update, state: next };
    },
  };
}

/** With the projected side last, and back. */
const turned = (x: Value, { side }: Projection): Value =>
  side === "rows" ? matrixTranspose(x) : x;

interface Factors {
  init(shape: readonly number[], projection: Projection): Readonly<Record<string, StateSpec>>;
  /** The factors after a step towards g [l, s], and their product. */
  follow(
    g: Value,
    state: Tensors,
    drawn: Value,
  ): { readonly product: Value; readonly state: Tensors };
}

/** Two factors, of which 1 - γ is left after a step. */
function factors(name: string, left: number): Factors {
  const [outer, inner] = [`${name}.B`, `${name}.A`];
  return {
    init(shape, projection) {
      const size = shape[projection.side === "rows" ? 1 : 0] ?? 0; // l
      return {
        [outer]: { shape: [size, projection.rank], initial: 0 },
        [inner]: { shape: [projection.rank, projection.dimension], initial: 0 },
      };
    },
    follow(g, state, drawn) {
      const b = tensorAt(state, outer); // [l, r]
      const a = begun(tensorAt(state, inner), drawn); // [r, s]
      const towards = (old: Value, wanted: Value): Value =>
        add(scale(old, left), scale(wanted, 1 - left));
      const nextB = towards(b, matmul(g, matrixTranspose(dualRows(a))));
      const nextA = towards(a, matmul(dualRows(matrixTranspose(b)), g));
      return { product: matmul(nextB, nextA), state: { [outer]: nextB, [inner]: nextA } };
    },
  };
}

export const LORA_PRE: CompressorDefinition = {
  label: "LoRA-Pre",
  ownMoments: {
    optimizer: "adam",
    alpha: USUAL_ALPHA,
    optimizers: ["adam", "adamw", "muon"],
  },
  follows: true,
  create: loraPre,
};
