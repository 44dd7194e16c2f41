/** @file What people should know of a method on their model before it runs: ranks that save nothing, and state that outweighs what is saved. */

import type { Adapter } from "../../adapters/adapter.ts";
import { isAdapterMethod } from "../../adapters/methods.ts";
import type { ParamTraining, Plan } from "../../engine/parts/param-plan.ts";
import type { Model } from "../../models/model.ts";
import { stateBytes } from "../../optim/transform.ts";
import type { SettledConfig } from "./settle.ts";

interface Chosen {
  readonly config: SettledConfig;
  readonly plan: Plan;
  readonly base: Model;
  readonly adapters: readonly Adapter[];
}

export function methodNotes({ config, plan, base, adapters }: Chosen): readonly string[] {
  const { width, params } = base;
  const fitting = Math.max(1, Math.floor(width / 4));
  const isCompressed = [...plan.values()].some(({ training }) => training?.compression);
  const compresses = !isAdapterMethod(config.method) && config.method !== "dense";
  if (compresses && !isCompressed) {
    return [
      `a rank of ${config.rank} compresses nothing in a model that is ${width} wide, so this is dense training; a rank of ${fitting} keeps a quarter`,
    ];
  }
  if (config.method === "flora") return momentsNote(config, plan);
  const full = adapters.find(
    ({ weight, rank }) => rank >= Math.min(...(params.get(weight)?.shape ?? [])),
  );
  if (!full) return [];
  return [
    `an adapter of rank ${full.rank} is no smaller than ${full.weight}, [${params.get(full.weight)?.shape.join(", ")}]; a rank of ${fitting} is a quarter of the model's width`,
  ];
}

/** The state of an optimizer that keeps moments of whole weights, though their gradients are compressed. */
function momentsNote({ compressMoments, optimizer }: SettledConfig, plan: Plan): readonly string[] {
  if (compressMoments) return [];
  const compressed = [...plan.values()].flatMap(({ training }) =>
    training?.compression ? [training] : [],
  );
  const sum = (of: (training: ParamTraining) => number) =>
    compressed.reduce((bytes, training) => bytes + of(training), 0);
  const whole = sum(({ state }) => stateBytes(state));
  // Both moments in the subspace are as large as two accumulators.
  const inSubspaces = 2 * sum(({ accumulator }) => stateBytes(accumulator.state));
  if (whole < 2 * inSubspaces || whole < NOTABLE_BYTES) return [];
  const megabytes = (bytes: number) => `${Math.round(bytes / 1e6)} MB`;
  return [
    `${optimizer} keeps ${megabytes(whole)} of moments for the compressed weights; compressed moments would take ${megabytes(inSubspaces)}`,
  ];
}

/** Less is not worth a word. */
const NOTABLE_BYTES = 20e6;
