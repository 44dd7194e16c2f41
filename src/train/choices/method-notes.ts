/** @file What people should know of a method on their model before it runs. */

import type { Plan } from "../../engine/parts/param-plan.ts";
import type { Model } from "../../models/model.ts";
import type { SettledConfig } from "./settle.ts";

interface Chosen {
  readonly config: SettledConfig;
  readonly plan: Plan;
  readonly base: Model;
}

export function methodNotes({ config, plan, base }: Chosen): readonly string[] {
  const isCompressed = [...plan.values()].some(({ training }) => training?.compression);
  if (config.method !== "flora" || isCompressed) return [];
  const fitting = Math.max(1, Math.floor(base.width / 4));
  return [
    `a rank of ${config.rank} compresses nothing in a model that is ${base.width} wide, so this is dense training; a rank of ${fitting} keeps a quarter`,
  ];
}
