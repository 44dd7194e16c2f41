/** @file Numbers as whole ones and a scale for each row of them: x ≈ s q. */

/** Whole numbers, and the scale of each row. */
export interface RoundedRows {
  readonly whole: Float32Array;
  readonly scales: Float32Array;
}

/** Rows whose largest number becomes `levels`: s = max |x| / levels, q = round(x / s). */
export function inRows(values: Float32Array, rows: number, levels: number): RoundedRows {
  const columns = values.length / rows;
  const whole = new Float32Array(values.length);
  const scales = new Float32Array(rows);
  for (let row = 0; row < rows; row++) {
    let largest = 0;
    for (let i = row * columns; i < (row + 1) * columns; i++) {
      largest = Math.max(largest, Math.abs(values[i] ?? 0));
    }
    const scale = Math.fround(largest / levels);
    scales[row] = scale;
    if (scale === 0) continue;
    for (let i = row * columns; i < (row + 1) * columns; i++) {
      whole[i] = Math.max(-levels, Math.min(levels, Math.round((values[i] ?? 0) / scale)));
    }
  }
  return { whole, scales };
}

/**
 * Blocks of 4 bits, q from -8 to 7: the number that is largest without its sign becomes -8, as in Q4_0 of llama.cpp.
 *
 * @param values - [rows, columns]; rows are filled up with zeros to whole blocks
 */
export function inBlocks(
  values: Float32Array,
  rows: number,
  columns: number,
  size: number,
): RoundedRows {
  const blocks = Math.ceil(columns / size);
  const whole = new Float32Array(rows * blocks * size);
  const scales = new Float32Array(rows * blocks);
  for (let row = 0; row < rows; row++) {
    for (let block = 0; block < blocks; block++) {
      const from = row * columns + block * size;
      const count = Math.min(size, columns - block * size);
      let extreme = 0;
      for (let i = from; i < from + count; i++) {
        const value = values[i] ?? 0;
        if (Math.abs(value) > Math.abs(extreme)) extreme = value;
      }
      const scale = Math.fround(extreme / -8);
      const place = row * blocks + block;
      scales[place] = scale;
      if (scale === 0) continue;
      for (let i = 0; i < count; i++) {
        const rounded = Math.round((values[from + i] ?? 0) / scale);
        whole[place * size + i] = Math.max(-8, Math.min(7, rounded));
      }
    }
  }
  return { whole, scales };
}

/** Whole numbers from -8 to 7 as q + 8, two a byte, the earlier one in the lower half. */
export function packNibbles(whole: Float32Array): Uint8Array {
  const out = new Uint8Array(whole.length / 2);
  for (let i = 0; i < out.length; i++) {
    out[i] = ((whole[2 * i] ?? 0) + 8) | (((whole[2 * i + 1] ?? 0) + 8) << 4);
  }
  return out;
}
