/** @file Matrices of the laboratory: float64, on the host, by ml-matrix. */

import { Matrix } from "ml-matrix";
import { UsageError } from "../../errors.ts";
import { fillNormal, randomKey } from "../../random/index.ts";
import type { HostTensor } from "../../tensor/host-tensor.ts";

/** The numbers of a tensor with two axes; transposed where its layout is the other one. */
export function matrixOf({ shape, data }: HostTensor, transposed: boolean): Matrix {
  const [rows = 0, columns = 0, ...more] = shape;
  if (more.length > 0 || rows * columns === 0) {
    throw new UsageError(`matrix: needs two axes; got [${shape.join(", ")}]`);
  }
  const [n, m] = transposed ? [columns, rows] : [rows, columns];
  const [down, right] = transposed ? [1, columns] : [columns, 1];
  const matrix = Matrix.zeros(n, m);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < m; j++) matrix.set(i, j, Number(data[i * down + j * right]));
  }
  return matrix;
}

/** The elements row by row, of the transpose where that is the layout of their place. */
export function elementsOf(matrix: Matrix, transposed: boolean): Float32Array {
  const { rows, columns } = matrix;
  const elements = new Float32Array(rows * columns);
  const [down, right] = transposed ? [1, rows] : [columns, 1];
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) elements[i * down + j * right] = matrix.get(i, j);
  }
  return elements;
}

export const frobenius = (matrix: Matrix): number => matrix.norm("frobenius");

/** ||x - y|| / ||y||, Frobenius; 0 where they are equal. */
export function relativeDistance(x: Matrix, y: Matrix): number {
  const distance = frobenius(Matrix.sub(x, y));
  return distance === 0 ? 0 : distance / frobenius(y);
}

/** Roundings add up to less than this part of a norm. */
const CONVERGED = 1e-13;
const MOST_ITERATIONS = 2000;

/**
 * ||x||_2, the largest singular value, by power iteration on xᵀ x. From below, and so closely that the next iteration would
 * change nothing that matters.
 */
export function spectralNorm(x: Matrix): number {
  if (frobenius(x) === 0) return 0;
  // A random direction has a part in the largest one.
  const start = new Float32Array(x.columns);
  fillNormal(randomKey(0), start, 1);
  let vector = Matrix.columnVector(start);
  vector.div(frobenius(vector));
  let norm = 0;
  for (let i = 0; i < MOST_ITERATIONS; i++) {
    const image = x.mmul(vector);
    const next = frobenius(image);
    const back = image.transpose().mmul(x).transpose();
    vector = back.div(frobenius(back));
    if (next - norm <= CONVERGED * next) return Math.max(norm, next);
    norm = next;
  }
  return norm;
}
