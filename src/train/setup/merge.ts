/**
 * @file Merging adapters into their weights while training, and what comes after it (`adapters/methods.ts` has the rules).
 *
 *   W ← W + f s B A;   f = 1: redraw A, B ← 0;   f < 1: B ← (1 - f) B
 */

import { bufferOf, floats, setElements } from "../../runtime/buffers.ts";
import { trainingOf } from "../../engine/parts/param-plan.ts";
import {
  type Adapter,
  ADAPTER_FAMILY,
  adaptedSizes,
  adapterNames,
  type AfterMerge,
  isAdapterMethod,
  mergedWeight,
} from "../../adapters/index.ts";
import { input } from "../../graph/value.ts";
import { cast } from "../../ops/elementwise.ts";
import { compile, type Program } from "../../onnx/model.ts";
import { type Buffer, readTensor } from "../../runtime/runtime.ts";
import type { WritableTensor } from "../../weights/index.ts";
import type { DType } from "../../tensor/dtype.ts";
import type { TrainConfig } from "../../options/config.ts";
import type { Trainee } from "./method.ts";
import type { Engine } from "../../engine/engine.ts";
import type { EngineParts } from "../../engine/parts/parts.ts";
import { reset, type TrainState } from "../../engine/parts/state.ts";

/** When adapters are merged, and what becomes of the optimizer then. */
export interface MergeSchedule {
  /** Steps between merges. */
  readonly every: number;
  readonly after: AfterMerge;
  /** Steps of warm-up after a merge. */
  readonly warmupSteps: number;
}

/** At most a tenth of the time between two merges, as in the paper of ReLoRA: 100 of 1000 steps. */
const RESTART_WARMUP = 100;

/** The schedule of a run; undefined if its method does not merge. */
export function mergeSchedule(config: TrainConfig, totalSteps: number): MergeSchedule | undefined {
  if (!isAdapterMethod(config.method)) return undefined;
  const { merge } = ADAPTER_FAMILY[config.method];
  if (!merge) return undefined;
  const every = config.mergeEvery ?? Math.max(1, merge.every(totalSteps));
  const warmupSteps = config.restartWarmupSteps ?? Math.min(RESTART_WARMUP, Math.floor(every / 10));
  return { every, after: merge.after, warmupSteps };
}

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
  return compile({
    "W'": cast(mergedWeight(w, a, b, { ...options, scale: adapter.scale }), merged),
  });
}

interface MergedTypes {
  readonly shape: readonly number[];
  /** How W is kept, and how the sum is wanted. */
  readonly from: DType;
  readonly to: DType;
}

/** What a merge needs of a run. */
export interface MergeParts extends Pick<Trainee, "base">, Pick<EngineParts, "programs"> {
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
  const { a, b } = adapterNames(adapter.weight);
  const { inputAxis } = adaptedSizes(base, adapter);
  const types = { shape: w.shape, from: w.dtype, to: target.dtype };
  const key = `merge ${Object.values(types).join()} ${inputAxis} ${adapter.rank} ${adapter.scale} ${fraction}`;
  const executable = await programs.get(
    key,
    () => buildMerge(types, adapter, { inputAxis, fraction }),
    { arena: false },
  );
  const feeds = { W: w, A: bufferOf(state.weights, a), B: bufferOf(state.weights, b) };
  await programs.run(executable, feeds, { "W'": target });
}

export interface MergedRun extends Trainee {
  readonly config: TrainConfig;
  readonly engine: Engine;
}

/** Merges all adapters and begins the next cycle, counted from 1. */
export async function mergeAdapters(
  { adapters, base, config, engine, model, plan }: MergedRun,
  { after }: MergeSchedule,
  cycle: number,
): Promise<void> {
  const { draws, programs, state } = engine.parts;
  const fraction = config.method === "plora" ? config.unloadFraction : 1;
  for (const adapter of adapters) {
    const weight = bufferOf(state.weights, adapter.weight);
    await mergeInto({ base, programs, state }, adapter, fraction, weight);
    const { a, b } = adapterNames(adapter.weight);
    const spec = model.params.get(a);
    if (fraction === 1 && spec) {
      bufferOf(state.weights, a).write((elements) =>
        draws.initialize(a, spec, floats(elements), cycle),
      );
    }
    const left = bufferOf(state.weights, b);
    setElements(
      left,
      floats(await left.read()).map((value) => (1 - fraction) * value),
    );
    if (after === "prune and warm up") {
      for (const name of [a, b]) {
        const own = Object.values(state.optimizer.get(name) ?? {});
        const numbers = await Promise.all(own.map((buffer) => buffer.read()));
        const pruned = pruneState(numbers.map(floats), config.pruneState);
        for (const [i, buffer] of own.entries())
          setElements(buffer, pruned[i] ?? new Float32Array());
      }
    }
  }
  if (after === "restart") {
    for (const [name, own] of state.optimizer) reset(own, trainingOf(plan, name).state);
  }
}

/**
 * A parameter's optimizer state with a share of it set to 0: ReLoRA's partial reset by magnitude. Tensors of one size are pruned at
 * the same places, where the first of them is small: a first moment without its second would be divided by nothing.
 */
export function pruneState(
  tensors: readonly Float32Array[],
  share: number,
): readonly Float32Array[] {
  const pruned = tensors.map((tensor) => tensor.slice());
  for (const size of new Set(pruned.map(({ length }) => length))) {
    const alike = pruned.filter(({ length }) => length === size);
    const [first = new Float32Array()] = alike;
    const magnitudes = first.map(Math.abs);
    const count = Math.round(size * share);
    const limit = magnitudes.toSorted()[count - 1] ?? -1;
    // Of those that are as large as the limit, so many as are left, from the first on.
    let left = count - magnitudes.filter((magnitude) => magnitude < limit).length;
    for (const [place, magnitude] of magnitudes.entries()) {
      if (magnitude > limit || (magnitude === limit && left-- <= 0)) continue;
      for (const tensor of alike) tensor[place] = 0;
    }
  }
  return pruned;
}

/** The weights of the base, with the adapters in them; one at a time, and those in training stay as they are. */
export async function mergedWeights(
  run: Pick<MergedRun, "adapters" | "base" | "engine">,
): Promise<readonly (readonly [string, WritableTensor])[]> {
  const { base, adapters, engine } = run;
  const { programs, slots, state } = engine.parts;
  const byWeight = new Map(adapters.map((adapter) => [adapter.weight, adapter] as const));
  return Promise.all(
    [...base.params.keys()].map(async (name) => {
      const weight = bufferOf(state.weights, name);
      const adapter = byWeight.get(name);
      if (!adapter) return [name, await readTensor(weight)] as const;
      const { dtype, shape } = weight;
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
    }),
  );
}
