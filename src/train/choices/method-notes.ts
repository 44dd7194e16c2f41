/** @file What people should know of a method on their model before it runs: ranks that save nothing. */

import type { Adapter } from "../../adapters/adapter.ts";
import type { Plan } from "../../engine/parts/param-plan.ts";
import type { Model } from "../../models/model.ts";
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
  if (config.method === "flora" && !isCompressed) {
    return [
      `a rank of ${config.rank} compresses nothing in a model that is ${width} wide, so this is dense training; a rank of ${fitting} keeps a quarter`,
    ];
  }
  const full = adapters.find(
    ({ weight, rank }) => rank >= Math.min(...(params.get(weight)?.shape ?? [])),
  );
  if (!full) return [];
  return [
    `an adapter of rank ${full.rank} is no smaller than ${full.weight}, [${params.get(full.weight)?.shape.join(", ")}]; a rank of ${fitting} is a quarter of the model's width`,
  ];
}
