/**
 * @file Random matrices with orthogonal rows: a Hartley transform with random column signs and a
 * random choice of rows (the subsampled randomised transform of Ailon & Chazelle, "The fast
 * Johnson-Lindenstrauss transform", SIAM J. Computing 39, 2009, with the Hartley kernel).
 *
 *   A[i, j] = ε_j cas(2π s_i j / m) / √r        [r, m],  cas x = cos x + sin x
 *
 * ε are random signs, s is a random r-subset of 0, ..., m - 1. The rows of H, cas(2π s j / m), are
 * orthogonal for every m, H Hᵀ = m I, and so
 *
 *   A Aᵀ = (m/r) I,   Aᵀ A = (m/r) P,  P the orthogonal projection on the rows of A.
 *
 * Every row is chosen with probability r/m, so E[Aᵀ A] = (r/m) diag(ε) Hᵀ H diag(ε) / r = I, hence
 * E[P] = (r/m) I. As P² = P, the estimate G Aᵀ A of a matrix G is unbiased with the error
 *
 *   E‖G Aᵀ A - G‖² = tr G E[(m/r)² P - 2 (m/r) P + I] Gᵀ = (m/r - 2 + 1) ‖G‖² = (m/r - 1) ‖G‖²,
 *
 * against (m + 1)/r ‖G‖² for normal and (m - 1)/r ‖G‖² for random-sign entries; none at r = m.
 */

import { ShapeError } from "../errors.ts";
import { fillRademacher } from "./draw.ts";
import { cosOfTurn } from "./elementary.ts";
import { foldIn, type Key } from "./key.ts";
import { randomSubset } from "./subset.ts";

/**
 * A random matrix A with A Aᵀ = (columns/rows) I and E[Aᵀ A] = I. Rows of different blocks of a key are orthogonal, too.
 *
 * @param out - [rows, columns]
 * @param block - 0, and more as long as the blocks up to this one have no more than `columns` rows together
 * @throws {ShapeError} if there are more rows than columns, a size is no positive integer, or `out` has another.
 */
export function fillOrthonormal(
  key: Key,
  out: Float32Array,
  rows: number,
  columns: number,
  block = 0,
): void {
  checkSizes(out, rows, columns, block);
  const signs = new Float32Array(columns);
  fillRademacher(foldIn(key, "signs"), signs, 1);
  const chosen = randomSubset(foldIn(key, "rows"), rows, columns, block);
  const table = casTable(columns, 1 / Math.sqrt(rows)); // [columns]

  for (let i = 0; i < rows; i += 1) {
    const row = out.subarray(i * columns, (i + 1) * columns);
    const step = chosen[i] ?? 0;
    let turn = 0; // step * j mod columns
    for (let j = 0; j < columns; j += 1) {
      row[j] = (signs[j] ?? 0) * (table[turn] ?? 0);
      turn += step;
      if (turn >= columns) turn -= columns;
    }
  }
}

function checkSizes(out: Float32Array, rows: number, columns: number, block: number): void {
  const sizes = { matrix: [rows, columns] };
  if (!Number.isSafeInteger(rows) || !Number.isSafeInteger(columns) || rows < 1) {
    throw new ShapeError("orthonormal: needs positive integers as sizes", sizes);
  }
  if ((block + 1) * rows > columns) {
    throw new ShapeError("orthonormal: more rows than columns", sizes);
  }
  if (out.length !== rows * columns) {
    throw new ShapeError("orthonormal: output of another size", { ...sizes, out: [out.length] });
  }
}

/** scale cas(2π k/m) for k = 0, ..., m - 1, as cas x = √2 cos(x - π/4). */
function casTable(m: number, scale: number): Float32Array {
  const table = new Float32Array(m);
  for (let k = 0; k < m; k += 1) {
    table[k] = scale * Math.sqrt(2) * cosOfTurn(Math.abs(8 * k - m), 8 * m);
  }
  return table;
}
