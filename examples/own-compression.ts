/**
 * @file Two compressors of one's own, without a change of the library: one that learns its subspace from the whole gradient every few steps,
 * the columns in which it is longest, and one that draws it anew in every step, on the side that a linear map reads.
 */

import { train } from "flora-train";
import {
  type CompressibleParam,
  type Compressor,
  flora,
  inProjectedSpace,
  stepRule,
} from "flora-train/engine";

const RANK = 8;

/** A row of the identity for each of the longest columns, [rank, columns]. */
function longestColumns(gradient: Float32Array, columns: number): Float32Array {
  const squares = new Float64Array(columns);
  for (const [i, x] of gradient.entries()) {
    squares[i % columns] = (squares[i % columns] ?? 0) + x * x;
  }
  const longest = [...squares.keys()].toSorted((i, j) => (squares[j] ?? 0) - (squares[i] ?? 0));
  const a = new Float32Array(RANK * columns);
  for (const [row, column] of longest.slice(0, RANK).entries()) a[row * columns + column] = 1;
  return a;
}

/** Gradients in the columns where they are longest, and the optimizer's moments there too. */
const longest: Compressor = {
  resampleEvery: 5,
  compress({ role, shape }: CompressibleParam) {
    const [rows = 0, columns = 0] = shape;
    if (role !== "matrix" || Math.min(rows, columns) <= RANK) return { reason: role };
    return {
      projection: { side: "columns", rank: RANK, dimension: columns, family: "gaussian" },
      description: `the longest ${RANK} of ${columns} columns`,
      subspace: {
        kind: "learned",
        learn: async (gradient) => longestColumns(await gradient.read(), columns),
      },
    };
  },
  rule: (base, projection) =>
    projection
      ? inProjectedSpace(base, projection, { isKept: true })
      : stepRule({ base, projection, momentum: 0 }),
};

/** FLORA on the side that a linear map reads: without recomputation, x Aᵀ is all that is kept of x. */
const ofInputs = flora({ rank: RANK, side: "input" });

for (const [name, method] of Object.entries({ longest, ofInputs })) {
  const run = train({
    model: { n_embd: 64, n_layer: 2, n_head: 2, n_positions: 192 },
    method,
    optimizer: "adam",
    recompute: "none",
    steps: Number(process.argv[2] ?? 20),
    batchSize: 16,
    translations: 0,
  });
  for await (const event of run) {
    if (event.type === "step")
      console.log(`${name}  step ${event.step}  loss ${event.loss.toFixed(3)}`);
  }
}
