/** @file Weights with their adapters in them. */

import type { Model } from "../models/model.ts";
import {
  type Adapter,
  adaptedSizes,
  adapterNames,
  mergedWeight,
  weightBeneath,
} from "./adapter.ts";
import { outputNorms } from "./dora.ts";
import type { EngineParts } from "../engine/parts/parts.ts";
import type { TrainState } from "../engine/parts/state.ts";
import { input } from "../graph/value.ts";
import { scalesName, weightAtUse } from "../nn/weights-at-rest.ts";
import { compile, type Program } from "../onnx/model.ts";
import { cast } from "../ops/elementwise.ts";
import { bufferOf } from "../runtime/buffers.ts";
import type { Buffer } from "../runtime/runtime.ts";
import type { DType } from "../tensor/dtype.ts";
import type { WritableTensor } from "../weights/files/safetensors.ts";

/** The program of a merge; `W'` may be written over `W`. */
function buildMerge(
  { shape, from: dtype, to: merged }: MergedTypes,
  adapter: Adapter,
  options: { readonly inputAxis: 0 | 1; readonly fraction: number },
): Program {
  const [rows = 0, columns = 0] = shape;
  const [from, to] = options.inputAxis === 0 ? [rows, columns] : [columns, rows];
  const w = cast(input("W", dtype, shape), "float32");
  const a = input("A", "float32", [adapter.rank, from]);
  const b = input("B", "float32", [to, adapter.rank]);
  const m = adapter.hasMagnitude ? input("m", "float32", [to]) : undefined;
  return compile({
    "W'": cast(mergedWeight({ w, a, b, m }, { ...options, scale: adapter.scale }), merged),
  });
}

interface MergedTypes {
  readonly shape: readonly number[];
  /** How W is kept, and how the sum is wanted. */
  readonly from: DType;
  readonly to: DType;
}

/** What a merge needs of a run. */
export interface MergeParts extends Pick<EngineParts, "programs"> {
  /** The model as it is on disk. */
  readonly base: Model;
  readonly state: Pick<TrainState, "weights">;
}

/** Writes W + f s B A of one adapter into `target`, which may be W itself. */
export async function mergeInto(
  { base, state, programs }: MergeParts,
  adapter: Adapter,
  fraction: number,
  target: Buffer,
): Promise<void> {
  const w = bufferOf(state.weights, adapter.weight);
  const { a, b, m } = adapterNames(adapter);
  const { hasMagnitude = false } = adapter;
  const { inputAxis } = adaptedSizes(base, adapter);
  const types = { shape: w.shape, from: w.dtype, to: target.dtype };
  const key = `merge ${Object.values(types).join()} ${inputAxis} ${adapter.rank} ${adapter.scale} ${fraction} ${hasMagnitude}`;
  const executable = await programs.get(
    key,
    () => buildMerge(types, adapter, { inputAxis, fraction }),
    { arena: false },
  );
  const feeds = {
    W: w,
    A: bufferOf(state.weights, a),
    B: bufferOf(state.weights, b),
    ...(hasMagnitude && { m: bufferOf(state.weights, m) }),
  };
  await programs.run(executable, feeds, { "W'": target });
}

/** Sets the lengths that are trained apart to those of the weights, so that adapters change nothing yet. */
export async function measureLengths(
  { base, state, programs }: MergeParts,
  adapters: readonly Adapter[],
): Promise<void> {
  for (const adapter of adapters) {
    if (!adapter.hasMagnitude) continue;
    const weight = weightBeneath(base, adapter);
    const { inputAxis } = adaptedSizes(base, adapter);
    const shape = base.params.get(weight)?.shape ?? [];
    const w = bufferOf(state.weights, weight);
    const scales = state.weights.get(scalesName(weight));
    const executable = await programs.get(
      `lengths ${w.dtype} ${shape.join()} ${inputAxis}`,
      () => compile({ m: outputNorms(weightAtUse("W", shape, w.dtype), inputAxis) }),
      { arena: false },
    );
    const feeds = { W: w, ...(scales && { [scalesName("W")]: scales }) };
    await programs.run(executable, feeds, {
      m: bufferOf(state.weights, adapterNames(adapter).m),
    });
  }
}

/** The weights of the base, with the adapters in them; one at a time, and those in training stay as they are. */
export function mergedWeights(
  base: Model,
  adapters: readonly Adapter[],
  { programs, slots, state }: Pick<EngineParts, "programs" | "slots" | "state">,
): readonly (readonly [string, WritableTensor])[] {
  const byWeight = new Map(adapters.map((adapter) => [adapter.weight, adapter] as const));
  return [...base.params.keys()].map((name) => {
    const weight = bufferOf(state.weights, name);
    const adapter = byWeight.get(name);
    const { dtype, shape } = weight;
    if (!adapter) return [name, { dtype, shape, read: () => weight.read() }] as const;
    const merged: WritableTensor = {
      dtype,
      shape,
      async read() {
        const target = slots.take("merged", dtype, shape);
        await mergeInto({ base, programs, state }, adapter, 1, target);
        return target.read();
      },
    };
    return [name, merged] as const;
  });
}
