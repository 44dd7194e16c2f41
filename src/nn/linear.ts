/** @file Linear maps and embeddings, in the layouts of their checkpoints. */

import type { Value } from "../graph/value.ts";
import { add } from "../ops/elementwise.ts";
import { gather } from "../ops/indexing.ts";
import { matmul } from "../ops/matmul.ts";
import { foldBatch, reshape } from "../ops/movement.ts";
import { dimAt } from "../tensor/shape.ts";
import type { ParamsOf, ParamSpec } from "./params.ts";

export type LinearSpec = { readonly weight: ParamSpec; readonly bias: ParamSpec };

/** GPT-2's linear map: the weight is [in, out]. */
export const conv1dSpec = (from: number, to: number, deviation: number): LinearSpec => ({
  weight: {
    shape: [from, to],
    role: "matrix",
    init: { kind: "normal", deviation },
    inputAxis: 0,
  },
  bias: { shape: [to], role: "bias", init: { kind: "constant", value: 0 } },
});

/** x W + b, [..., in] to [..., out]. One product of matrices, whatever the leading axes. */
export function conv1d(x: Value, p: ParamsOf<LinearSpec>): Value {
  const y = add(matmul(foldBatch(x), p.weight), p.bias); // [N, out]
  return reshape(y, x.shape.with(-1, dimAt("conv1d", p.weight.shape, 1)));
}

export type EmbeddingSpec = { readonly weight: ParamSpec };

export const embeddingSpec = (count: number, width: number, deviation: number): EmbeddingSpec => ({
  weight: { shape: [count, width], role: "embedding", init: { kind: "normal", deviation } },
});

/** Rows of the table, [...] to [..., C]. */
export const embedding = (ids: Value, p: ParamsOf<EmbeddingSpec>): Value => gather(p.weight, ids);
