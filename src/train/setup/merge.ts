/**
 * @file Merging adapters into their weights while training, and what comes after it (`adapters/methods.ts` has the rules).
 *
 *   W ← W + f s B A;   f = 1: redraw A, B ← 0;   f < 1: B ← (1 - f) B
 */

import { adapterNames } from "../../adapters/adapter.ts";
import { mergeInto } from "../../adapters/merge.ts";
import type { Engine } from "../../engine/engine.ts";
import { trainingOf } from "../../engine/parts/param-plan.ts";
import { reset } from "../../engine/parts/state.ts";
import type { TrainConfig } from "../../options/train-config.ts";
import { bufferOf, floats, setElements } from "../../runtime/buffers.ts";
import type { MergeSchedule } from "./merge-schedule.ts";
import type { Trainee } from "./method.ts";

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
    const { a, b } = adapterNames(adapter);
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
