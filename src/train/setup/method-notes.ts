/** @file What people should know of a method on their model before it runs. */

import type { Run } from "./run.ts";

export function methodNotes({ config, plan, base }: Run): readonly string[] {
  const isCompressed = [...plan.values()].some(({ training }) => training?.compression);
  if (config.method !== "flora" || isCompressed) return [];
  const fitting = Math.max(1, Math.floor(base.width / 4));
  return [
    `a rank of ${config.rank} compresses nothing in a model that is ${base.width} wide, so this is dense training; a rank of ${fitting} keeps a quarter`,
  ];
}
