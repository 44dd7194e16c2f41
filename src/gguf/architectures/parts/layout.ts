/**
 * @file How tensors lie in GGUF where they do not lie as in the checkpoint.
 *
 * Of the D rows of a head those that turn together are i and i + D / 2 in the checkpoint, and 2 i and 2 i + 1 in llama.cpp's code for
 * Llama.
 */

import { transposed } from "../../../tensor/matrix.ts";
import type { Layout } from "./architecture.ts";

/** Numbers, or the bits of sixteen-bit floats. */
type Elements = Float32Array | Uint16Array;

/** A matrix or a vector; a vector is a matrix of one column. */
interface Laid {
  readonly shape: readonly number[];
  readonly data: Elements;
}

/** How many heads queries have, and keys. */
export interface Heads {
  readonly queries: number;
  readonly keys: number;
}

export type Direction = "to GGUF" | "from GGUF";

/** A tensor as it lies on the other side. */
export function arrange(
  tensor: Laid,
  layout: Layout | undefined,
  heads: Heads,
  direction: Direction,
): Laid {
  switch (layout) {
    case undefined:
      return tensor;
    case "transposed":
      return transpose(tensor);
    case "plus one":
      return shiftNorm(tensor, direction === "to GGUF" ? 1 : -1);
    case "paired queries":
      return pairRows(tensor, heads.queries, direction);
    case "paired keys":
      return pairRows(tensor, heads.keys, direction);
  }
}

const emptyLike = (data: Elements): Elements =>
  data instanceof Float32Array ? new Float32Array(data.length) : new Uint16Array(data.length);

/** [R, C] to [C, R]. */
function transpose({ shape, data }: Laid): Laid {
  const [rows = 1, columns = 1] = shape;
  return { shape: [columns, rows], data: transposed(data, rows, columns) };
}

function shiftNorm({ shape, data }: Laid, by: number): Laid {
  if (!(data instanceof Float32Array)) throw new Error("internal: norms are float32 here");
  return { shape, data: data.map((weight) => weight + by) };
}

/** Row i of the first half of each head beside row i of the second, or apart again. */
function pairRows({ shape, data }: Laid, heads: number, direction: Direction): Laid {
  const [rows = 0] = shape;
  const columns = data.length / rows;
  const half = rows / heads / 2;
  const out = emptyLike(data);
  for (let head = 0; head < heads; head++) {
    for (let part = 0; part < 2; part++) {
      for (let i = 0; i < half; i++) {
        const apart = head * 2 * half + part * half + i;
        const paired = head * 2 * half + 2 * i + part;
        const [from, to] = direction === "to GGUF" ? [apart, paired] : [paired, apart];
        out.set(data.subarray(from * columns, (from + 1) * columns), to * columns);
      }
    }
  }
  return { shape, data: out };
}
