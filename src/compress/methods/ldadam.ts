/**
 * @file LDAdam: Robert, Safaryan, Modoranu & Alistarh, "LDAdam: Adaptive Optimization from Low-Dimensional Gradient Statistics", ICLR 2025,
 * arXiv:2410.16103. In every step, with P⁻, M and V of the last one and E = 0 at first:
 *
 *   gradient    S = G + E                                                  [n, m]
 *   subspace    B = ρ P⁻ᵀ M̂ + (1 - ρ) S,   P = orth(P⁻ B Bᵀ)               [r, n], by one block power iteration
 *   moments     C = P S,   Q = P P⁻ᵀ,   M ← Q M                            [r, m], [r, r]
 *               V ← (1 - β₂ᵗ⁻¹) |Q² (V̂ - M̂²) + (Q M̂)²|                    Q², M̂² entry by entry; hats are Adam's corrections
 *   error       E ← S - Pᵀ C + β₁/(1 - β₁) (P⁻ᵀ M⁻ - Pᵀ M)                 M⁻ before, M after it was moved
 *   step        D = Adam(C),   W ← W - η Pᵀ D
 *
 * The equations are those of the authors' code (IST-DASLab/LDAdam, read for behaviour). ρ is β₁, as in all of their runs; they take 0.908 and
 * β₂ 0.99. Theirs begins with the singular vectors of the first gradient, which a host has to find; here P⁻ is drawn, so that the first P is
 * one power iteration away from normal numbers. B Bᵀ/‖B‖² has 1e-6 added to its diagonal, so that a gradient of low rank, or of zeros,
 * leaves a basis that has all of its rows.
 *
 * It needs each gradient whole, and keeps an error of its size.
 */

import { type Tensors, tensorAt } from "../../graph/tensors.ts";
import { scalarLike, type Value } from "../../graph/value.ts";
import { abs, add, div, max, mul, scale, sqrt, sub } from "../../ops/elementwise.ts";
import { matmul } from "../../ops/matmul.ts";
import { matrixTranspose } from "../../ops/movement.ts";
import { sumSquares } from "../../ops/reduce.ts";
import { orthonormalRows } from "../../optim/directions/orthonormal.ts";
import type { GradientTransformation, UpdateContext } from "../../optim/transform.ts";
import type { CompressionChoice } from "../choice.ts";
import type { Compressor } from "../compressor.ts";
import { type StepRule, stepRule } from "../flora.ts";
import { adamOf } from "../in-projected-space.ts";
import { compress, compressedShape, decompress, matrixOf, type Projection } from "../projection.ts";
import { begun, followedSubspace, NEVER } from "../subspaces/followed.ts";
import type { CompressorDefinition } from "./definition.ts";

export interface LdadamOptions extends CompressionChoice {
  /** α: a factor of the update, but not of the decay; 1 by default. */
  readonly alpha?: number;
}

/** LDAdam: Robert et al., ICLR 2025, arXiv:2410.16103. */
export const ldadam = ({ alpha = 1, ...choice }: LdadamOptions): Compressor => ({
  resampleEvery: NEVER,
  needsWholeGradients: true,
  compress: (param) => followedSubspace(param, choice),
  rule: (base, projection) =>
    projection
      ? followingAdam(base, projection, alpha)
      : stepRule({ base, projection, momentum: 0 }),
});

/** @throws {UsageError} if the optimizer is not Adam. */
function followingAdam(
  base: GradientTransformation,
  projection: Projection,
  alpha: number,
): StepRule {
  const { direction, finish, adam } = adamOf(base);
  const { b1 } = adam;
  return {
    init: (shape) => ({
      ...direction.init(compressedShape(shape, projection)),
      basis: { shape: [projection.rank, projection.dimension], initial: 0 },
      error: { shape, initial: 0 },
    }),
    transfers: {},
    update(gradient, a, state, context) {
      const total = add(gradient, tensorAt(state, "error")); // [n, m]
      const before = begun(tensorAt(state, "basis"), matrixOf(a));
      const mean = tensorAt(state, "mu");
      const recovered = decompress(mean, before, projection); // [n, m]
      const correction = context.stepScalar(`ldadam.mean.${b1}`, (t) => inverse(1 - b1 ** (t - 1)));
      const mixed = add(mul(scale(recovered, b1), correction), scale(total, 1 - b1)); // ρ = β₁
      const basis = iterated(before, mixed, projection);
      const compressed = compress(total, basis, projection);
      const rotation = matmul(basis, matrixTranspose(before)); // [r, r]
      const moved = movedMoments(state, { rotation, projection, adam }, context);
      const { update, state: moments } = direction.update(compressed, moved, context);
      const lost = sub(recovered, decompress(tensorAt(moved, "mu"), basis, projection));
      const full = scale(decompress(update, basis, projection), alpha);
      return {
        update: finish.update(full, {}, context).update,
        state: {
          ...moments,
          basis,
          error: add(
            sub(total, decompress(compressed, basis, projection)),
            scale(lost, b1 / (1 - b1)),
          ),
        },
      };
    },
  };
}

/** 1 / x, and 0 of what there is not yet. */
const inverse = (x: number): number => (x === 0 ? 0 : 1 / x);

/** What is added to the diagonal of B Bᵀ/‖B‖². */
const SHIFT = 1e-6;
const SMALLEST_NORM = 1e-30;

/** orth(P (B Bᵀ/‖B‖² + δ I)) on the projected side, [r, n]. */
function iterated(p: Value, b: Value, { side }: Projection): Value {
  const rows = side === "rows" ? b : matrixTranspose(b); // [n, m]
  const norm = sqrt(sumSquares(b));
  const unit = (x: Value): Value => div(x, max(norm, scalarLike(norm, SMALLEST_NORM)));
  const image = unit(matmul(p, rows)); // [r, m]
  return orthonormalRows(add(unit(matmul(image, matrixTranspose(rows))), scale(p, SHIFT)));
}

/** Both moments as those of the gradient in another subspace: the first is rotated, the second estimated from variance and mean. */
function movedMoments(
  state: Tensors,
  {
    rotation,
    projection,
    adam: { b1, b2 },
  }: {
    readonly rotation: Value;
    readonly projection: Projection;
    readonly adam: { readonly b1: number; readonly b2: number };
  },
  { stepScalar }: UpdateContext,
): Tensors {
  const [mean, square] = [tensorAt(state, "mu"), tensorAt(state, "nu")];
  const rotate = (q: Value, x: Value): Value =>
    projection.side === "rows" ? matmul(q, x) : matmul(x, matrixTranspose(q));
  const moved = rotate(rotation, mean);
  // (1 - β₂ᵗ⁻¹) / (1 - β₁ᵗ⁻¹)²: what M̂² weighs where V has no correction.
  const weight = stepScalar(
    `ldadam.square.${b1}.${b2}`,
    (t) => (1 - b2 ** (t - 1)) * inverse(1 - b1 ** (t - 1)) ** 2,
  );
  const variance = sub(square, mul(mul(mean, mean), weight));
  const estimate = add(rotate(mul(rotation, rotation), variance), mul(mul(moved, moved), weight));
  return { mu: moved, nu: abs(estimate) };
}

export const LDADAM: CompressorDefinition = {
  label: "LDAdam",
  ownMoments: { optimizer: "adam", alpha: 1, optimizers: ["adam", "adamw"] },
  follows: true,
  create: ldadam,
};
