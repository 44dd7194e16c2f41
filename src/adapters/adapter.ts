/**
 * @file A low-rank adapter of one linear map: Hu et al., "LoRA: Low-Rank Adaptation of Large Language Models", ICLR 2022,
 * arXiv:2106.09685, equation 3.
 *
 *   y = x Wᵀ + s (x Aᵀ) Bᵀ,   s = α / r         A [r, in],  B [out, r],  W [out, in] or, as in GPT-2, [in, out]
 *   W ← W + s B A                               a merge, which leaves the function as it was
 *
 * A begins as peft's does, kaiming-uniform: from -1/√in to 1/√in; B with zeros.
 */

import { UsageError } from "../errors.ts";
import type { Value } from "../graph/value.ts";
import type { Model } from "../models/model.ts";
import type { ParamSpec } from "../nn/params.ts";
import { add, scale } from "../ops/elementwise.ts";
import { matmul } from "../ops/matmul.ts";
import { foldBatch, matrixTranspose, reshape } from "../ops/movement.ts";
import { dimAt } from "../tensor/shape.ts";

/** A low-rank addition to a weight, W + s B A. */
export interface Adapter {
  /** The adapted weight, by its name in the checkpoint. */
  readonly weight: string;
  readonly rank: number;
  /** s */
  readonly scale: number;
}

/** The module that a weight belongs to: "h.0.attn.c_attn" of "h.0.attn.c_attn.weight". */
export const moduleOf = (weight: string): string => weight.replace(/\.weight$/, "");

/** The names of A and B. */
export const adapterNames = (weight: string): { readonly a: string; readonly b: string } => ({
  a: `${moduleOf(weight)}.lora_A.weight`,
  b: `${moduleOf(weight)}.lora_B.weight`,
});

/** The sizes of the linear map of a weight, and the axis of its input. */
export interface LinearSizes {
  readonly input: number;
  readonly output: number;
  readonly inputAxis: 0 | 1;
}

/** The linear map that a parameter is the weight of; undefined for everything else. */
export function linearSizes({ shape, inputAxis }: ParamSpec): LinearSizes | undefined {
  const [rows, columns] = shape;
  if (rows === undefined || columns === undefined || inputAxis === undefined) return undefined;
  return inputAxis === 0
    ? { input: rows, output: columns, inputAxis }
    : { input: columns, output: rows, inputAxis };
}

/** @throws {UsageError} if the model has no linear map with this weight. */
export function adaptedSizes({ params }: Model, { weight }: Adapter): LinearSizes {
  const spec = params.get(weight);
  const sizes = spec && linearSizes(spec);
  if (sizes) return sizes;
  throw new UsageError(
    `adapter: the model has no linear map of this name; got ${moduleOf(weight)}`,
  );
}

/** A and B as parameters, by name. */
export function adapterParams(
  adapter: Adapter,
  { input, output }: LinearSizes,
): ReadonlyMap<string, ParamSpec> {
  const { a, b } = adapterNames(adapter.weight);
  const { rank } = adapter;
  const uniform = { kind: "uniform", bound: input ** -0.5 } as const;
  const zero = { kind: "constant", value: 0 } as const;
  return new Map<string, ParamSpec>([
    [a, { shape: [rank, input], role: "adapter", init: uniform }],
    [b, { shape: [output, rank], role: "adapter", init: zero }],
  ]);
}

/** s (x Aᵀ) Bᵀ, [..., in] to [..., out]. */
export function adapterOutput(x: Value, a: Value, b: Value, { scale: s }: Adapter): Value {
  const low = scale(matmul(foldBatch(x), matrixTranspose(a)), s); // [N, r]
  const y = matmul(low, matrixTranspose(b)); // [N, out]
  return reshape(y, x.shape.with(-1, dimAt("adapter", b.shape, 0)));
}

/** W + f s B A, for the fraction f of the adapter. */
export function mergedWeight(
  w: Value,
  a: Value,
  b: Value,
  {
    scale: s,
    inputAxis,
    fraction = 1,
  }: Pick<Adapter, "scale"> & {
    readonly inputAxis: 0 | 1;
    readonly fraction?: number;
  },
): Value {
  const product = inputAxis === 0 ? matmul(matrixTranspose(a), matrixTranspose(b)) : matmul(b, a);
  return add(w, scale(product, s * fraction));
}
