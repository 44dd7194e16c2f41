/**
 * @file Leading singular vectors of a matrix that the host sees by products alone: randomised subspace iteration (Halko, Martinsson & Tropp,
 * "Finding structure with randomness", SIAM Review 53, 2011, algorithms 4.4 and 5.1), k = r + 8.
 *
 *   Q ← orth(G Ω)                     [n, k], Ω [m, k] normal
 *   Q ← orth(G orth(Gᵀ Q))            twice, or as often as is said
 *   B = Gᵀ Q,  Bᵀ B = V S² Vᵀ         [k, k]
 *   U = Q V                           [n, r], by falling singular values
 *
 * Products with G run where it lies, in float32; what is k columns wide is float64 on the host. From k = n on it is exact.
 */

import { fillNormal, randomKey } from "../../random/index.ts";
import type { WholeGradient } from "../compressor.ts";
import type { Projection } from "../projection.ts";

/** Columns beyond the rank. */
const OVERSAMPLING = 8;
const ITERATIONS = 2;

/** A matrix [size, k] as its columns. */
type Columns = readonly Float64Array[];

/**
 * A [rank, dimension] of orthonormal rows: the leading singular vectors of G [n, m] on the projected side, under signs that make the entry
 * of largest magnitude positive. Of a gradient of zeros, some orthonormal rows.
 */
export async function leadingDirections(
  gradient: Pick<WholeGradient, "times" | "transposedTimes">,
  [rows = 0, columns = 0]: readonly number[],
  { side, rank, dimension }: Pick<Projection, "side" | "rank" | "dimension">,
  iterations: number = ITERATIONS,
): Promise<Float32Array> {
  const isOfRows = side === "rows";
  const other = isOfRows ? columns : rows;
  const width = Math.min(dimension, rank + OVERSAMPLING);
  const image = async (x: Columns): Promise<Columns> =>
    columnsOf(
      await (isOfRows ? gradient.times(flat(x)) : gradient.transposedTimes(flat(x))),
      x.length,
    ); // [dimension, k]
  const back = async (q: Columns): Promise<Columns> =>
    columnsOf(
      await (isOfRows ? gradient.transposedTimes(flat(q)) : gradient.times(flat(q))),
      q.length,
    ); // [other, k]

  const start = new Float32Array(other * width);
  fillNormal(randomKey(0), start, 1);
  let q = orthonormal(await image(columnsOf(start, width)), width);
  let b = await back(q);
  if (isZero(b)) return rowsOf(q.slice(0, rank));
  const needed = width < dimension ? iterations : 0;
  for (let i = 0; i < needed; i++) {
    q = orthonormal(await image(orthonormal(b, Math.min(width, other))), width);
    b = await back(q);
  }
  const { EigenvalueDecomposition, Matrix } = await import("ml-matrix");
  const gram = new Matrix(b.map((x) => b.map((y) => inner(x, y))));
  const { eigenvectorMatrix } = new EigenvalueDecomposition(gram, { assumeSymmetric: true });
  // Eigenvalues come from the smallest on.
  const leading = Array.from({ length: rank }, (_, i) =>
    combination(q, eigenvectorMatrix.getColumn(width - 1 - i)),
  );
  return rowsOf(leading.map(withUsualSign));
}

const isZero = (x: Columns): boolean => x.every((column) => column.every((entry) => entry === 0));

function inner(x: Float64Array, y: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < x.length; i++) sum += (x[i] ?? 0) * (y[i] ?? 0);
  return sum;
}

/** y ← y - factor x */
function subtract(y: Float64Array, x: Float64Array, factor: number): void {
  for (let i = 0; i < y.length; i++) y[i] = (y[i] ?? 0) - factor * (x[i] ?? 0);
}

function combination(q: Columns, weights: readonly number[]): Float64Array {
  const sum = new Float64Array(q[0]?.length ?? 0);
  for (const [k, column] of q.entries()) subtract(sum, column, -(weights[k] ?? 0));
  return sum;
}

function withUsualSign(x: Float64Array): Float64Array {
  const largest = x.reduce((most, entry) => (Math.abs(entry) > Math.abs(most) ? entry : most), 0);
  return largest < 0 ? x.map((entry) => -entry) : x;
}

/** What is left of a column that lies in the span of others, but for rounding. */
const NOTHING = 1e-6;

/** `count` orthonormal columns: a basis of the given ones, and whatever else where they span less. Gram and Schmidt's, twice. */
function orthonormal(x: Columns, count: number): Columns {
  const size = x[0]?.length ?? 0;
  const given = isZero(x) ? [] : x;
  if (given.length === 0) return Array.from({ length: count }, (_, i) => unitVector(size, i));
  const basis: Float64Array[] = [];
  for (let next = 0; basis.length < count && next < given.length + size; next++) {
    const own = orthogonalTo(basis, given[next] ?? unitVector(size, next - given.length));
    if (own !== undefined) basis.push(own);
  }
  return basis;
}

const unitVector = (size: number, place: number): Float64Array =>
  new Float64Array(size).fill(1, place, place + 1);

/** The direction of a vector beside a basis; undefined if there is none. */
function orthogonalTo(basis: Columns, vector: Float64Array): Float64Array | undefined {
  const before = Math.sqrt(inner(vector, vector));
  if (before === 0) return undefined;
  let left = vector.map((entry) => entry / before);
  for (let again = 0; again < 2; again++) {
    for (const other of basis) subtract(left, other, inner(left, other));
    const norm = Math.sqrt(inner(left, left));
    if (norm < NOTHING) return undefined;
    left = left.map((entry) => entry / norm);
  }
  return left;
}

/** [size, k], row by row, as columns. */
function columnsOf(x: Float32Array, k: number): Columns {
  const size = x.length / k;
  return Array.from({ length: k }, (_, j) =>
    Float64Array.from({ length: size }, (_unused, i) => x[i * k + j] ?? 0),
  );
}

/** Columns as [size, k], row by row. */
function flat(x: Columns): Float32Array {
  const k = x.length;
  const out = new Float32Array((x[0]?.length ?? 0) * k);
  for (const [j, column] of x.entries()) {
    for (let i = 0; i < column.length; i++) out[i * k + j] = column[i] ?? 0;
  }
  return out;
}

/** Columns as the rows of a matrix. */
function rowsOf(x: Columns): Float32Array {
  const size = x[0]?.length ?? 0;
  const out = new Float32Array(x.length * size);
  for (const [j, column] of x.entries()) out.set(column, j * size);
  return out;
}
