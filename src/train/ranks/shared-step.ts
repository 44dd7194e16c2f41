/** @file What ranks tell each other after a step, so that they decide alike: when to end, and when to look at what is held out. */

import type { Collective } from "../../collective/index.ts";

/** A step as a rank had it. */
export interface OwnStep {
  /** Of the run. */
  readonly elapsedMs: number;
  /** Of the step, before others were waited for. */
  readonly ownMs: number;
  readonly tokens: number;
}

/** A step of all ranks. */
export interface SharedStep extends Pick<OwnStep, "elapsedMs" | "tokens"> {
  /** Of each rank. */
  readonly ownMs: readonly number[];
}

export function shareStep(ranks: Collective, own: OwnStep): SharedStep {
  const { elapsedMs, ownMs, tokens } = own;
  const all = ranks.gather([elapsedMs, ownMs, tokens]);
  return {
    elapsedMs: all[0]?.[0] ?? elapsedMs,
    ownMs: all.map(([, ms = 0]) => ms),
    tokens: all.reduce((sum, [, , count = 0]) => sum + count, 0),
  };
}

/** Steps that a rank is watched for. */
const WATCHED = 20;
/** Above the median of all ranks. */
const SLOW = 1.5;

/** Names a rank that the others wait for, once. */
export function watchRanks({ size }: Pick<Collective, "size">) {
  const totals = Array.from({ length: size }, () => 0);
  let steps = 0;
  let isTold = size === 1;
  return {
    after(ownMs: readonly number[]): string | undefined {
      if (isTold) return undefined;
      for (const [rank, ms] of ownMs.entries()) totals[rank] = (totals[rank] ?? 0) + ms;
      steps += 1;
      if (steps < WATCHED) return undefined;
      const median = totals.toSorted((a, b) => a - b)[Math.floor((size - 1) / 2)] ?? 0;
      const slowest = Math.max(...totals);
      const mean = (sum: number) => `${(sum / steps).toFixed(0)} ms`;
      const rank = totals.indexOf(slowest);
      const text = `rank ${rank} takes ${mean(slowest)} a step, and the median of all ${mean(median)}: the others wait for it`;
      totals.fill(0);
      steps = 0;
      if (slowest <= SLOW * median) return undefined;
      isTold = true;
      return text;
    },
  };
}
