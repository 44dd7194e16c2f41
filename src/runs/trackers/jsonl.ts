/**
 * @file `metrics.jsonl`: a JSON object for each set of metrics, as W&B keeps a history: `_step`, `_timestamp` in seconds since 1970, `_runtime`
 * in seconds since the process began to train, and the metrics.
 */

import { isObject } from "../../files/json.ts";
import { join } from "../../host/path.ts";
import { addLine, linesBefore, writeLines } from "./lines.ts";
import { metricsOf } from "./metrics.ts";
import type { Tracker, TrackerHost } from "./tracker.ts";

export const METRICS_JSONL = "metrics.jsonl";

/** Writes `metrics.jsonl` into the output directory. */
export function trackJsonl({ clock, files }: TrackerHost): Tracker {
  let path = "";
  let startMs = 0;
  return async (event) => {
    if (event.type === "start") {
      path = join(event.config.output, METRICS_JSONL);
      startMs = clock.nowMs();
      await writeLines(files, path, await linesBefore(files, path, event, stepOf));
    }
    const metrics = metricsOf(event);
    if (!metrics) return;
    const { step, values } = metrics;
    const row = {
      _step: step,
      _timestamp: clock.dateMs() / 1000,
      _runtime: (clock.nowMs() - startMs) / 1000,
      ...values,
    };
    // What JSON has no number for is a text, as W&B writes it.
    const line = JSON.stringify(row, (_, value: unknown) =>
      typeof value === "number" && !Number.isFinite(value) ? String(value) : value,
    );
    await addLine(files, path, line);
  };
}

function stepOf(line: string): number | undefined {
  try {
    const row: unknown = JSON.parse(line);
    const step = isObject(row) ? row["_step"] : undefined;
    return typeof step === "number" ? step : undefined;
  } catch {
    return undefined;
  }
}
