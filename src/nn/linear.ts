/** @file Linear maps and embeddings, in the layouts of their checkpoints. */

import type { Value } from "../graph/value.ts";
import { add } from "../ops/elementwise.ts";
import { gather } from "../ops/indexing.ts";
import { matmul } from "../ops/matmul.ts";
import { foldBatch, matrixTranspose, reshape } from "../ops/movement.ts";
import { dimAt } from "../tensor/shape.ts";
import type { ParamsOf, ParamSpec } from "./params.ts";

/** A linear map without a bias. */
export type MatrixSpec = { readonly weight: ParamSpec };

/** The parameters of a linear map with a bias. */
export type LinearSpec = MatrixSpec & { readonly bias: ParamSpec };

const zeroBias = (width: number): ParamSpec => ({
  shape: [width],
  role: "bias",
  init: { kind: "constant", value: 0 },
});

/** The sizes of a linear map, and how its weight begins. */
export interface LinearOptions {
  readonly from: number;
  readonly to: number;
  /** Standard deviation of the initial weight. */
  readonly deviation: number;
  /** Whether there is a bias, which is 0 at first; false by default. */
  readonly bias?: boolean;
}

/** PyTorch's linear map: the weight is [out, in]. */
export function linearSpec(options: LinearOptions & { readonly bias: true }): LinearSpec;
export function linearSpec(options: LinearOptions & { readonly bias?: false }): MatrixSpec;
export function linearSpec(options: LinearOptions): MatrixSpec | LinearSpec;
export function linearSpec({
  from,
  to,
  deviation,
  bias = false,
}: LinearOptions): MatrixSpec | LinearSpec {
  const weight: ParamSpec = {
    shape: [to, from],
    role: "matrix",
    init: { kind: "normal", deviation },
    inputAxis: 1,
  };
  return bias ? { weight, bias: zeroBias(to) } : { weight };
}

/** x Wᵀ + b, [..., in] to [..., out]. One product of matrices, whatever the leading axes. */
export function linear(x: Value, p: ParamsOf<MatrixSpec> & { readonly bias?: Value }): Value {
  const product = matmul(foldBatch(x), matrixTranspose(p.weight)); // [N, out]
  const y = p.bias ? add(product, p.bias) : product;
  return reshape(y, x.shape.with(-1, dimAt("linear", p.weight.shape, 0)));
}

/** GPT-2's linear map: the weight is [in, out]. */
export const conv1dSpec = (from: number, to: number, deviation: number): LinearSpec => ({
  weight: {
    shape: [from, to],
    role: "matrix",
    init: { kind: "normal", deviation },
    inputAxis: 0,
  },
  bias: zeroBias(to),
});

/** x W + b, [..., in] to [..., out]. One product of matrices, whatever the leading axes. */
export function conv1d(x: Value, p: ParamsOf<LinearSpec>): Value {
  const y = add(matmul(foldBatch(x), p.weight), p.bias); // [N, out]
  return reshape(y, x.shape.with(-1, dimAt("conv1d", p.weight.shape, 1)));
}

/** The parameter of an embedding, [count, width]. */
export type EmbeddingSpec = { readonly weight: ParamSpec };

/** The specification of an embedding, [count, width]. */
export const embeddingSpec = (count: number, width: number, deviation: number): EmbeddingSpec => ({
  weight: { shape: [count, width], role: "embedding", init: { kind: "normal", deviation } },
});

/** Rows of the table, [...] to [..., C]. */
export const embedding = (ids: Value, p: ParamsOf<EmbeddingSpec>): Value => gather(p.weight, ids);
