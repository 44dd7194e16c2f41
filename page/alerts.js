/** @file What somebody who watches a run should know, in plain words. */

/** @import { RunState } from "./run-state.js" */

import { formatBytes, formatDuration, formatNumber } from "./format.js";
import { bestOf } from "./run-state.js";

/** Steps before which nothing is said of a loss: it is noisy, and the rate is warming up. */
const EARLY = 20;
/** What a loss may be above another one before that is said. */
const WORSE = 1.02;
/** Of the usual time between two lines, after which a run may have stopped. */
const LATE = 10;
/** Before that no silence is long, in milliseconds. */
const PATIENCE_MS = 60_000;

/**
 * @param {RunState} run
 * @param {number} nowMs since 1970
 * @returns {string[]}
 */
export function alertsOf(run, nowMs) {
  const { start, steps, evaluations, end } = run;
  const alerts = [];
  const last = steps.at(-1);
  if (end?.message !== undefined) alerts.push(`The run ended: ${end.message}.`);
  if (last && !Number.isFinite(last.loss)) {
    alerts.push("The loss is no number any more. A lower learning rate is the way out.");
  }
  const [first] = evaluations;
  const newest = evaluations.at(-1);
  const best = bestOf(run);
  if (newest && first && newest.step > EARLY && newest.loss > WORSE * first.loss) {
    alerts.push(
      `The held-out loss is higher than before training, ${formatNumber(first.loss)} then and ${formatNumber(newest.loss)} now: the learning rate may be too high.`,
    );
  } else if (newest && best && best.step > 0 && newest.loss > WORSE * best.loss) {
    alerts.push(
      `The held-out loss has risen since step ${best.step}, from ${formatNumber(best.loss)} to ${formatNumber(newest.loss)}: the model begins to learn its examples by heart. The best one is kept, unless --keep last was asked for.`,
    );
  }
  const most = start?.memory.predictedTotal;
  if (last && most !== undefined && last.residentBytes > 1.1 * most) {
    alerts.push(
      `It takes ${formatBytes(last.residentBytes)} of memory, more than the ${formatBytes(most)} that were predicted.`,
    );
  }
  const silentMs = nowMs - (run.writtenMs ?? nowMs);
  const usualMs = last ? last.elapsedMs / Math.max(1, last.step - (start?.startStep ?? 0)) : 0;
  if (!end && start && silentMs > Math.max(PATIENCE_MS, LATE * usualMs)) {
    alerts.push(
      `Nothing was written for ${formatDuration(silentMs)}: the run may have been ended, or the machine asleep.`,
    );
  }
  return alerts;
}
