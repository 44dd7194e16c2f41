/** @file Matrices in host memory. */

/** [rows, columns] to [columns, rows], into memory of its own. */
export function transposed(values: Float32Array, rows: number, columns: number): Float32Array;
export function transposed(
  values: Float32Array | Uint16Array,
  rows: number,
  columns: number,
): Float32Array | Uint16Array;
export function transposed(
  values: Float32Array | Uint16Array,
  rows: number,
  columns: number,
): Float32Array | Uint16Array {
  const out =
    values instanceof Float32Array
      ? new Float32Array(values.length)
      : new Uint16Array(values.length);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      out[column * rows + row] = values[row * columns + column] ?? 0;
    }
  }
  return out;
}
