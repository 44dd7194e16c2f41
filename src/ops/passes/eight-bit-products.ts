/**
 * @file Products with matrices that rest in eight bits, in eight bits. Of W = s ∘ Q, [n, m] with whole numbers Q and a scale for each row,
 *
 *   x Wᵀ = (x Qᵀ) ∘ s        x [..., m]
 *   x W  = (x ∘ s) Q         x [..., n], the cotangent of the other
 *
 * and what multiplies Q is rounded as well, to eight bits of the largest magnitude in each of its rows: tokens differ by orders of magnitude.
 * What is lost is as much as eight bits lose, half a percent to one and a half of a product (ZeroQuant, arXiv:2206.01861, rounds activations
 * by token in this way).
 */

import { lower, rewrite } from "../../graph/topology.ts";
import { producer, scalarLike, type Value } from "../../graph/value.ts";
import { abs, cast, div, max, mul } from "../elementwise.ts";
import { matrixTranspose } from "../movement.ts";
import { matmulInteger, quantizeDynamically } from "../quantized.ts";
import { reduceMax } from "../reduce.ts";

/** A matrix as it rests. */
export interface RoundedMatrix {
  /** Q, int8 [n, m]. */
  readonly codes: Value;
  /** s, float32 [n]. */
  readonly scales: Value;
}

/** Where a row has no other magnitude. */
const TINY = 1e-30;

/**
 * The same outputs with products in eight bits.
 *
 * @param rounded - matrices by the value that they have in float32
 */
export function eightBitProducts(
  outputs: readonly Value[],
  rounded: ReadonlyMap<Value, RoundedMatrix>,
): readonly Value[] {
  if (rounded.size === 0) return outputs;
  return rewrite(lower(outputs), ({ type }, [x, matrix]) => {
    if (type !== "MatMul" || !x || !matrix) return undefined;
    const found = turned(matrix);
    const own = rounded.get(found.matrix);
    return own && [product(x, own, found.isTurned)];
  });
}

/** A matrix beneath the transpositions of it. */
function turned(value: Value): { readonly matrix: Value; readonly isTurned: boolean } {
  const node = producer(value);
  const [inner] = node?.inputs ?? [];
  if (node?.type !== "Transpose" || inner?.shape.length !== 2)
    return { matrix: value, isTurned: false };
  const { matrix, isTurned } = turned(inner);
  return { matrix, isTurned: !isTurned };
}

function product(x: Value, { codes, scales }: RoundedMatrix, isTurned: boolean): Value {
  const scaled = isTurned ? x : mul(x, scales); // [..., K]
  const magnitude = reduceMax(abs(scaled), { axes: [-1], keepDims: true }); // [..., 1]
  const largest = max(magnitude, scalarLike(x, TINY));
  const { quantized, scale, zeroPoint } = quantizeDynamically(div(scaled, largest));
  const whole = matmulInteger(quantized, isTurned ? matrixTranspose(codes) : codes, zeroPoint);
  const y = mul(cast(whole, "float32"), mul(largest, scale)); // [..., N]
  return isTurned ? mul(y, scales) : y;
}
