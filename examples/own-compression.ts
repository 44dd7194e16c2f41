/**
 * @file Two compressors of one's own, without a change of the library: one that learns its subspace from the whole gradient every few steps
 * (GaLore: Zhao et al., ICML 2024, arXiv:2403.03507), and one that projects what a linear map reads, so that its input is kept in
 * the subspace too (CompAct: Shamshoum et al., NAACL 2025, arXiv:2410.15352).
 */

import { Matrix, SingularValueDecomposition } from "ml-matrix";
import { train } from "flora-train";
import {
  type CompressibleParam,
  type Compressor,
  flora,
  inProjectedSpace,
  stepRule,
} from "flora-train/engine";

const RANK = 8;

/** The right singular vectors of the gradient, [rank, columns]. */
function leadingVectors(gradient: Float32Array, columns: number): Float32Array {
  const rows = gradient.length / columns;
  const matrix = Matrix.from1DArray(rows, columns, Array.from(gradient));
  const svd = new SingularValueDecomposition(matrix, { autoTranspose: true });
  const vectors = svd.rightSingularVectors.subMatrix(0, columns - 1, 0, RANK - 1).transpose();
  return Float32Array.from(vectors.to1DArray());
}

/** Gradients in the span of their leading singular vectors, and the optimizer's moments there too. */
const galore: Compressor = {
  resampleEvery: 5,
  compress({ role, shape }: CompressibleParam) {
    const [rows = 0, columns = 0] = shape;
    if (role !== "matrix" || Math.min(rows, columns) <= RANK) return { reason: role };
    return {
      projection: { side: "columns", rank: RANK, dimension: columns, family: "gaussian" },
      description: `${RANK} singular vectors of ${columns} columns`,
      subspace: { kind: "learned", learn: (gradient) => leadingVectors(gradient, columns) },
    };
  },
  // GaLore keeps its moments as they are when the subspace changes.
  rule(base, projection) {
    if (!projection) return stepRule({ base, projection, momentum: 0 });
    return { ...inProjectedSpace(base, projection), transfers: {}, decay: undefined };
  },
};

/** FLORA on the side that a linear map reads: without recomputation, x Aᵀ is all that is kept of x. */
const compact = flora({ rank: RANK, side: "input" });

for (const [name, method] of Object.entries({ galore, compact })) {
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
