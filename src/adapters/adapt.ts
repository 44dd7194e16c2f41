/**
 * @file A model with adapters. The model knows nothing of them: its graph is built as always, and every product with an adapted weight
 * is then replaced by that product plus the adapter's (`adapter.ts`). What is frozen gets no gradient because nobody asks for it,
 * and a gradient of an adapter never passes through that of the whole weight:
 *
 *   dB = s dYᵀ (X Aᵀ),   dA = s (dY B)ᵀ X
 *
 * so that the backward pass of B reads X Aᵀ [N, r] and not X (LoRA-FA; Zhang et al., 2023, arXiv:2308.03303).
 */

import { GraphError } from "../errors.ts";
import { type Tensors, tensorAt } from "../graph/tensors.ts";
import { rewrite } from "../graph/topology.ts";
import { producer, type Value } from "../graph/value.ts";
import type { HeadAdapter, Model, Stage, StageDecoding } from "../models/model.ts";
import {
  type Adapter,
  adaptedSizes,
  adaptedOutput,
  adaptedRows,
  adapterNames,
  type AdapterNames,
  adapterParams,
  type AdapterValues,
  tokenHead,
} from "./adapter.ts";

/**
 * The model with adapters, whose parameters come after its own.
 *
 * @throws {UsageError} if an adapter names no linear map of the model.
 */
export function adaptModel(model: Model, adapters: readonly Adapter[]): Model {
  const params = new Map(model.params);
  for (const adapter of adapters) {
    const own = adapterParams(adapter, adaptedSizes(model, adapter));
    for (const [name, spec] of own) params.set(name, spec);
  }
  const stages = model.stages.map((stage) => adaptStage(model, stage, adapters));
  const ofHead = adapters.find(({ weight }) => weight === tokenHead(model));
  const head = model.head && ofHead && { ...model.head, adapter: headAdapter(model, ofHead) };
  return { ...model, params, stages, ...(head && { head }) };
}

/** An adapter as what is added to the product with the weight of the head. */
function headAdapter(model: Model, adapter: Adapter): HeadAdapter {
  const { rank, scale, hasMagnitude = false, hasInitial = false } = adapter;
  const { inputAxis } = adaptedSizes(model, adapter);
  const { a, b, m, a0, b0 } = adapterNames(adapter);
  return {
    kind: `${rank}:${scale}${hasMagnitude ? ":m" : ""}${hasInitial ? ":0" : ""}`,
    params: { a, b, ...(hasMagnitude && { m }), ...(hasInitial && { a0, b0 }) },
    inRows: ["b", "m", "b0"],
    adapt(product, hidden, w, params) {
      const values = valuesOf(adapter, (part) => tensorAt(params, part), w);
      return adaptedOutput(product, hidden, values, { scale, inputAxis });
    },
  };
}

/** The parts of an adapter, wherever they are to be found. */
const valuesOf = (
  { hasMagnitude, hasInitial }: Adapter,
  part: (name: keyof AdapterNames) => Value,
  w: Value,
): AdapterValues => ({
  w,
  a: part("a"),
  b: part("b"),
  m: hasMagnitude ? part("m") : undefined,
  initial: hasInitial ? { a: part("a0"), b: part("b0") } : undefined,
});

/** An adapter with the names of its parts inside a stage. */
interface LocalAdapter extends AdapterNames {
  readonly adapter: Adapter;
  readonly inputAxis: 0 | 1;
  readonly weight: string;
}

function adaptStage(model: Model, stage: Stage, adapters: readonly Adapter[]): Stage {
  const byWeight = new Map(adapters.map((adapter) => [adapter.weight, adapter] as const));
  const locals = Object.entries(stage.params).flatMap(([local, name]): LocalAdapter[] => {
    const adapter = byWeight.get(name);
    if (!adapter) return [];
    const { inputAxis } = adaptedSizes(model, adapter);
    const names = adapterNames({ ...adapter, weight: local });
    return [{ adapter, inputAxis, weight: local, ...names }];
  });
  if (locals.length === 0) return stage;
  const params = locals.flatMap(({ adapter, a, b, m, a0, b0 }) => {
    const names = adapterNames(adapter);
    return [
      [a, names.a] as const,
      [b, names.b] as const,
      ...(adapter.hasMagnitude ? [[m, names.m] as const] : []),
      ...(adapter.hasInitial ? [[a0, names.a0] as const, [b0, names.b0] as const] : []),
    ];
  });
  const marks = locals.map(({ adapter, weight }) => {
    const { rank, scale, hasMagnitude = false, hasInitial = false } = adapter;
    return `${weight}:${rank}:${scale}${hasMagnitude ? ":m" : ""}${hasInitial ? ":0" : ""}`;
  });
  return {
    ...stage,
    kind: `${stage.kind}+${marks.join()}`,
    params: { ...stage.params, ...Object.fromEntries(params) },
    forward(x, tensors, context) {
      const [y = x] = adaptProducts([stage.forward(x, tensors, context)], tensors, locals);
      return y;
    },
    ...(stage.decoding && { decoding: adaptDecoding(stage.decoding, locals) }),
  };
}

/** The weights of a block are spread over what is decoded and what is read of the output of the encoder. */
function adaptDecoding(decoding: StageDecoding, locals: readonly LocalAdapter[]): StageDecoding {
  const { decode, encoded } = decoding;
  const adapt = (values: readonly Value[], tensors: Tensors) =>
    adaptProducts(values, tensors, locals, { everywhere: false });
  return {
    ...decoding,
    decode(x, tensors, context) {
      const { y, attention } = decode(x, tensors, context);
      const values = [y, ...(attention ? [attention.keys, attention.values] : [])];
      const [adapted = y, keys, cached] = adapt(values, tensors);
      if (!keys || !cached) return { y: adapted };
      return { y: adapted, attention: { keys, values: cached } };
    },
    ...(encoded && {
      encoded(value, tensors) {
        const read = encoded(value, tensors);
        const [keys = value, values = value] = adapt([read.keys, read.values], tensors);
        return { keys, values };
      },
    }),
  };
}

/** The same graph with every product with an adapted weight, or with its transpose, and all rows of one, extended by the adapter's. */
function adaptProducts(
  outputs: readonly Value[],
  tensors: Tensors,
  locals: readonly LocalAdapter[],
  { everywhere = true }: { readonly everywhere?: boolean } = {},
): readonly Value[] {
  const byValue = new Map(locals.map((local) => [tensorAt(tensors, local.weight), local]));
  const unused = new Set(locals);
  const adapted = rewrite(outputs, (node, inputs) => {
    const [table, factor] = node.inputs;
    if (node.type === "Gather") {
      const local = table && byValue.get(table);
      const [, ids] = inputs;
      const [y] = node.rebuild(inputs);
      if (!table || !local?.adapter.isEmbedding || !ids || !y) return undefined;
      unused.delete(local);
      const { adapter, inputAxis } = local;
      const own = valuesOf(adapter, (part) => tensorAt(tensors, local[part]), table);
      return [adaptedRows(y, ids, own, { scale: adapter.scale, inputAxis })];
    }
    if (node.type !== "MatMul" || !factor) return undefined;
    const made = producer(factor);
    const weight = made?.type === "Transpose" ? made.inputs[0] : factor;
    const local = weight && byValue.get(weight);
    const [x] = inputs;
    if (!local || !x) return undefined;
    unused.delete(local);
    const [y = x] = node.rebuild(inputs);
    const { adapter, inputAxis } = local;
    const values = valuesOf(adapter, (part) => tensorAt(tensors, local[part]), weight);
    return [adaptedOutput(y, x, values, { scale: adapter.scale, inputAxis })];
  });
  const [missed] = unused;
  if (missed && everywhere) {
    throw new GraphError(`adapter: nothing is made of ${missed.weight} in this stage`);
  }
  return adapted;
}
