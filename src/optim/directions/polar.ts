/**
 * @file The polar factor of a matrix, U Vᵀ where U S Vᵀ is its singular value decomposition, roughly: Newton-Schulz iterations of degree
 * five whose coefficients bring all singular values near 1 soon, between 0.7 and 1.2, instead of to it (Jordan et al., "Muon: An optimizer
 * for hidden layers in neural networks", 2024, https://kellerjordan.github.io/posts/muon).
 *
 *   X ← M / ‖M‖
 *   X ← (a I + b S + c S²) X,   S = X Xᵀ                  five times
 *
 * Of M [r, l] with r well under l the same on its Gram matrix: all factors are polynomials of it, and commute.
 *
 *   G ← M Mᵀ / t,   Q ← I / √t,   t = tr(M Mᵀ)
 *   T = b G + c G²,   Q ← a Q + T Q,   G ← (a I + T) G (a I + T)       five times, G kept symmetric
 *   X = Q M,   ‖X‖² = tr(Q M Mᵀ Q)
 *
 * That is 18 products of [r, r] and two with M, in place of ten with M. In float32 it is off by 2e-4 of its norm where the singular values of
 * 64 rows lie evenly over five decades, by 5e-5 over two; the iterations on M themselves by 5e-6.
 */

import { constant, scalarLike, type Value } from "../../graph/value.ts";
import { abs, add, cast, div, equal, max, mul, scale, sqrt } from "../../ops/elementwise.ts";
import { matmul } from "../../ops/matmul.ts";
import { matrixTranspose, reshape } from "../../ops/movement.ts";
import { reduceMax, reduceSum, sumSquares } from "../../ops/reduce.ts";
import { float32 } from "../../tensor/host-tensor.ts";
import { staticShape } from "../../tensor/shape.ts";

const [A, B, C] = [3.4445, -4.775, 2.0315];
const ITERATIONS = 5;

/** The polar factor of a matrix, [n, m] to [n, m]; zeros stay zeros. */
export function newtonSchulz(matrix: Value): Value {
  const isTall = isTaller(matrix);
  const wide = isTall ? matrixTranspose(matrix) : matrix;
  const [short = 0] = staticShape("polar factor", wide.shape);
  // a I within the small factor spares two passes over the large one.
  const diagonal = scale(identityMatrix(short), A);
  let x = div(wide, atLeast(sqrt(sumSquares(wide)), SMALLEST_NORM));
  for (let i = 0; i < ITERATIONS; i++) x = raised(x, diagonal);
  return isTall ? matrixTranspose(x) : x;
}

/** (a I + b S + c S²) X */
function raised(x: Value, diagonal: Value): Value {
  const s = matmul(x, matrixTranspose(x));
  return matmul(add(diagonal, add(scale(s, B), scale(matmul(s, s), C))), x);
}

/** They raise a singular value of 1e-5 of the norm to 0.7, and of more to no more than 1.2. */
const RAISING = 9;
/** From there to 1, but for rounding. */
const SETTLING = 5;

/**
 * The polar factor of a matrix to the last bits of float32: iterations of degree five, then such of degree three, X ← (3 I - S) X / 2,
 * which end at 1.
 *
 * @param matrix - [r, l], r up to l, singular values above 1e-5 of its norm
 * @returns [r, l], of orthonormal rows
 */
export function polarFactor(matrix: Value): Value {
  const [rank = 0] = staticShape("polar factor", matrix.shape);
  const identity = identityMatrix(rank);
  const diagonal = scale(identity, A);
  let x = div(matrix, atLeast(sqrt(sumSquares(matrix)), SMALLEST_NORM));
  for (let i = 0; i < RAISING; i++) x = raised(x, diagonal);
  for (let i = 0; i < SETTLING; i++) {
    const s = matmul(x, matrixTranspose(x));
    x = matmul(add(scale(identity, 1.5), scale(s, -0.5)), x);
  }
  return x;
}

/** A norm below which there is nothing to orthogonalise, as torch has it. */
const SMALLEST_NORM = 1e-7;

/**
 * The polar factor of a matrix one side of which is short, times a number that gives it the Frobenius norm `norm`.
 *
 * @param matrix - [n, m]; of zeros it returns zeros, whatever the norm
 * @returns [n, m], a product with a matrix of the short side
 */
export function polarOfNorm(matrix: Value, norm: number): Value {
  const isTall = isTaller(matrix);
  // Squares of small gradients would be no numbers of float32.
  const largest = reduceMax(abs(matrix));
  const x = div(matrix, atLeast(largest, SMALLEST_ENTRY));
  const xt = matrixTranspose(x);
  const gram = isTall ? matmul(xt, x) : matmul(x, xt); // [r, r]
  const trace = atLeast(sumSquares(x), 1);
  const q = inverseRoot(gram, trace);
  const squared = reduceSum(mul(matmul(q, gram), q));
  const factor = div(scalarLike(squared, norm), sqrt(atLeast(squared, SMALLEST_SQUARE)));
  const scaled = mul(q, factor);
  return isTall ? matmul(x, scaled) : matmul(scaled, x);
}

/** Below it there is nothing to orthogonalise. */
const SMALLEST_ENTRY = 1e-30;
/** Less than the squared norm of any polar factor: the largest singular value ends above 0.6. */
const SMALLEST_SQUARE = 0.1;

/** Q [r, r], roughly the inverse root of a Gram matrix [r, r] with this trace. */
function inverseRoot(gram: Value, trace: Value): Value {
  const [rank = 0] = staticShape("polar factor", gram.shape);
  let g = div(gram, trace);
  let q = div(identityMatrix(rank), sqrt(trace));
  for (let i = 0; i < ITERATIONS; i++) {
    const t = add(scale(g, B), scale(matmul(g, g), C));
    // Of the first Q, a multiple of I, no product is needed.
    q = add(scale(q, A), i === 0 ? div(t, sqrt(trace)) : matmul(t, q));
    const left = add(scale(g, A), matmul(t, g));
    const next = add(scale(left, A), matmul(left, t));
    g = scale(add(next, matrixTranspose(next)), 0.5);
  }
  return q;
}

function isTaller({ shape }: Value): boolean {
  const [rows = 0, columns = 0] = staticShape("polar factor", shape);
  return rows > columns;
}

const atLeast = (x: Value, floor: number): Value => max(x, scalarLike(x, floor));

/** I [size, size], computed: as a constant it would be the largest part of its program. */
export function identityMatrix(size: number): Value {
  const places = constant(
    float32(
      [size, 1],
      Float32Array.from({ length: size }, (_, i) => i),
    ),
  );
  return cast(equal(places, reshape(places, [1, size])), "float32");
}
