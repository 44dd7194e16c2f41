/** @file Time in all, and time spent training, evaluation and saving left out. */

import type { Draws } from "../engine/parts/draws.ts";
import type { Runtime } from "../runtime/runtime.ts";

export interface Stopwatch {
  start(): void;
  stop(): void;
  /** Since the last start. */
  sinceStartMs(): number;
  /** Between the last start and the stop after it. */
  lastMs(): number;
  totalMs(): number;
  /** Parts of the training time, 0 to 1. */
  shares(): { readonly projectionShare: number; readonly overheadShare: number };
}

export function stopwatch(runtime: Runtime, draws: Draws): Stopwatch {
  const begin = performance.now();
  let started = { at: 0, runtimeMs: 0 };
  let [training, inRuntime, last] = [0, 0, 0];
  const share = (ms: number): number => (training === 0 ? 0 : ms / training);
  return {
    start() {
      started = { at: performance.now(), runtimeMs: runtime.elapsedMs() };
    },
    stop() {
      last = performance.now() - started.at;
      training += last;
      inRuntime += runtime.elapsedMs() - started.runtimeMs;
    },
    sinceStartMs: () => performance.now() - started.at,
    lastMs: () => last,
    totalMs: () => performance.now() - begin,
    shares: () => ({
      projectionShare: share(draws.projectionMs()),
      overheadShare: 1 - share(inRuntime + draws.projectionMs()),
    }),
  };
}
