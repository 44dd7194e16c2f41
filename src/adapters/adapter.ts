/**
 * @file A low-rank adapter of one linear map: Hu et al., "LoRA: Low-Rank Adaptation of Large Language Models", ICLR 2022,
 * arXiv:2106.09685, equation 3.
 *
 *   y = x Wᵀ + s (x Aᵀ) Bᵀ,   s = α / r         A [r, in],  B [out, r],  W [out, in] or, as in GPT-2, [in, out]
 *   y = W[ids] + s Aᵀ[ids] Bᵀ                   of the table of tokens W [V, C]:  A [r, V],  B [C, r]
 *   z = h Wᵀ + s (h Aᵀ) Bᵀ                      of the head, which has its own also where W is that table:  A [r, C],  B [V, r]
 *   W ← W + s B A                               a merge, which leaves the function as it was
 *
 * Where lengths are trained apart from directions (`dora.ts`), m [out] scales both. Where B A is not 0 at first (`pissa.ts`), what it was is
 * taken away again: y + s (x Aᵀ) Bᵀ - s (x A₀ᵀ) B₀ᵀ. A begins as peft's does, kaiming-uniform: from -1/√in to 1/√in; B with zeros. Those of a
 * table are the other way round: A begins with zeros, B with numbers of deviation 1.
 */

import { UsageError } from "../errors.ts";
import type { Value } from "../graph/value.ts";
import { type Model, tiedHead } from "../models/model.ts";
import type { ParamSpec } from "../nn/params.ts";
import { add, div, mul, scale, sub } from "../ops/elementwise.ts";
import { gather } from "../ops/indexing.ts";
import { matmul } from "../ops/matmul.ts";
import { foldBatch, matrixTranspose, reshape, unsqueeze } from "../ops/movement.ts";
import { dimAt } from "../tensor/shape.ts";
import { adaptedNorms, adaptedWeight, type AdapterLayout, outputNorms } from "./dora.ts";

/** A low-rank addition to a weight, W + s B A. */
export interface Adapter {
  /** The adapted weight, by its name in the checkpoint. */
  readonly weight: string;
  readonly rank: number;
  /** s */
  readonly scale: number;
  /** Whether the lengths of the outputs' weights are trained apart from their directions, as in DoRA; not if absent. */
  readonly hasMagnitude?: boolean;
  /** Whether B A is not 0 at first, so that it is kept as it was and taken away; not if absent. */
  readonly hasInitial?: boolean;
  /** Whether it is of the table of tokens; of a linear map if absent. */
  readonly isEmbedding?: boolean;
}

/** What has an adapter. */
export type AdaptedWeight = Pick<Adapter, "weight" | "isEmbedding">;

/** The module that a weight belongs to: "h.0.attn.c_attn" of "h.0.attn.c_attn.weight". */
export const moduleOf = (weight: string): string => weight.replace(/\.weight$/, "");

/** The names of the parameters of an adapter; m is there where lengths are trained apart, A₀ and B₀ where B A is not 0 at first. */
export interface AdapterNames {
  readonly a: string;
  readonly b: string;
  readonly m: string;
  readonly a0: string;
  readonly b0: string;
}

/** The names of A, B and m, as peft stores them, and of A₀ and B₀, which are joined to A and B in a file. */
export const adapterNames = ({ weight, isEmbedding = false }: AdaptedWeight): AdapterNames => ({
  a: `${moduleOf(weight)}.${isEmbedding ? "lora_embedding_A" : "lora_A.weight"}`,
  b: `${moduleOf(weight)}.${isEmbedding ? "lora_embedding_B" : "lora_B.weight"}`,
  m: `${moduleOf(weight)}.lora_magnitude_vector`,
  a0: `${moduleOf(weight)}.lora_A.initial`,
  b0: `${moduleOf(weight)}.lora_B.initial`,
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

/**
 * The table of tokens, where one stage alone reads it: a linear map of the V tokens, of which each is one.
 *
 * @returns undefined where there is none, or several stages read it
 */
export function tokenTable({ stages, params, vocabularySize }: Model): string | undefined {
  const readers = stages.filter(({ source }) => source === "ids" || source === "decoderIds");
  const [reader, another] = readers.map((stage) => Object.values(stage.params));
  if (!reader || another) return undefined;
  return reader.find((name) => {
    const { role, shape } = params.get(name) ?? {};
    return role === "embedding" && shape?.[0] === vocabularySize;
  });
}

/** The head as transformers names it where it maps to logits of tokens, also where its weight is the table. */
const TOKEN_HEAD = "lm_head.weight";

/** The head that maps to logits of tokens: a linear map of its own, also where its weight is the table of tokens. */
export function tokenHead(model: Model): string | undefined {
  if (model.task !== "causal" && model.task !== "seq2seq") return undefined;
  const tied = tiedHead(model);
  if (tied === undefined) return model.head?.weight;
  return model.checkpoint.substitutes?.[tied]?.find((name) => name === TOKEN_HEAD);
}

/** The parameter that an adapter is laid over: for a head without a weight of its own the table of tokens. */
export const weightBeneath = ({ params, head }: Model, { weight }: AdaptedWeight): string =>
  params.has(weight) ? weight : (head?.weight ?? weight);

/** @throws {UsageError} if the model has nothing of this name that an adapter could be of. */
export function adaptedSizes(model: Model, adapter: AdaptedWeight): LinearSizes {
  const { weight, isEmbedding } = adapter;
  const spec = model.params.get(weightBeneath(model, adapter));
  const [rows = 0, columns = 0] = spec?.shape ?? [];
  if (isEmbedding && weight === tokenTable(model)) {
    return { input: rows, output: columns, inputAxis: 0 };
  }
  if (weight === tokenHead(model)) return { input: columns, output: rows, inputAxis: 1 };
  const sizes = spec && linearSizes(spec);
  if (sizes && !isEmbedding) return sizes;
  throw new UsageError(
    `adapter: the model has no linear map of this name; got ${moduleOf(weight)}`,
  );
}

/** A, B and what else there is, as parameters, by name. */
export function adapterParams(
  adapter: Adapter,
  { input, output }: LinearSizes,
): ReadonlyMap<string, ParamSpec> {
  const { a, b, m, a0, b0 } = adapterNames(adapter);
  const { rank, hasMagnitude = false, hasInitial = false, isEmbedding = false } = adapter;
  const uniform = { kind: "uniform", bound: input ** -0.5 } as const;
  const zero = { kind: "constant", value: 0 } as const;
  const one = { kind: "constant", value: 1 } as const;
  const normal = { kind: "normal", deviation: 1 } as const;
  const [ofA, ofB] = isEmbedding ? [zero, normal] : [uniform, zero];
  const initial: readonly (readonly [string, ParamSpec])[] = [
    [a0, { shape: [rank, input], role: "adapter", init: zero }],
    [b0, { shape: [output, rank], role: "adapter", init: zero }],
  ];
  return new Map<string, ParamSpec>([
    [a, { shape: [rank, input], role: "adapter", init: ofA }],
    [b, { shape: [output, rank], role: "adapter", init: ofB }],
    ...(hasMagnitude ? [[m, { shape: [output], role: "adapter", init: one }] as const] : []),
    ...(hasInitial ? initial : []),
  ]);
}

/** The parts of an adapter, and the weight that it is for. */
export interface AdapterValues {
  readonly w: Value;
  readonly a: Value;
  readonly b: Value;
  /** Undefined where lengths are not trained apart. */
  readonly m: Value | undefined;
  /** A₀ and B₀; absent where B A is 0 at first. */
  readonly initial?: Pick<AdapterValues, "a" | "b"> | undefined;
}

/**
 * The product with the adapted weight, from that with the weight itself.
 *
 * @param y - x Wᵀ, [..., out]
 * @param x - [..., in]
 */
export function adaptedOutput(
  y: Value,
  x: Value,
  { w, a, b, m, initial }: AdapterValues,
  layout: AdapterLayout,
): Value {
  const changed = add(y, lowRank(x, a, b, layout.scale));
  const sum = initial ? sub(changed, lowRank(x, initial.a, initial.b, layout.scale)) : changed;
  return m ? mul(sum, div(m, adaptedNorms(w, a, b, layout))) : sum;
}

/**
 * Rows of the adapted table, from those of the table itself.
 *
 * @param y - W[ids], [B, T, C]
 * @param ids - [B, T]
 */
export function adaptedRows(
  y: Value,
  ids: Value,
  { w, a, b, m }: AdapterValues,
  layout: AdapterLayout,
): Value {
  const low = gather(matrixTranspose(a), ids); // [B, T, r]
  const sum = add(y, expanded(scale(foldBatch(low), layout.scale), b, y));
  return m ? mul(sum, div(m, adaptedNorms(w, a, b, layout))) : sum;
}

/** s (x Aᵀ) Bᵀ, [..., in] to [..., out]. */
const lowRank = (x: Value, a: Value, b: Value, s: number): Value =>
  expanded(scale(matmul(foldBatch(x), matrixTranspose(a)), s), b, x);

/** [N, r] Bᵀ, with the leading axes of another value, [..., out]. */
const expanded = (low: Value, b: Value, like: Value): Value =>
  reshape(matmul(low, matrixTranspose(b)), like.shape.with(-1, dimAt("adapter", b.shape, 0)));

/** W + f s B A, for the fraction f of the adapter; with lengths of their own, m / ‖W + s B A‖ times that of all of it. */
export function mergedWeight(
  { w, a, b, m }: AdapterValues,
  { fraction = 1, ...layout }: AdapterLayout & { readonly fraction?: number },
): Value {
  const merged = adaptedWeight(w, a, b, { ...layout, scale: layout.scale * fraction });
  if (!m) return merged;
  const factors = div(m, outputNorms(merged, layout.inputAxis)); // [out]
  return mul(merged, layout.inputAxis === 0 ? factors : unsqueeze(factors, 1));
}
