/**
 * @file `metrics.csv`: a row for each set of metrics, with `step` and `timestamp` in front, as Trackio imports it. A metric that comes up for
 * the first time gets the next column, and the file is written anew.
 */

import { join } from "../../host/path.ts";
import { addLine, linesBefore, writeLines } from "./lines.ts";
import { metricsOf } from "./metrics.ts";
import type { Tracker, TrackerHost } from "./tracker.ts";

const FIRST_COLUMNS = ["step", "timestamp"] as const;

export const METRICS_CSV = "metrics.csv";

/** Writes `metrics.csv` into the output directory. */
export function trackCsv({ clock, files }: TrackerHost): Tracker {
  let path = "";
  let columns: readonly string[] = FIRST_COLUMNS;
  /** All rows, without the header. */
  let rows: readonly string[] = [];

  return async (event) => {
    if (event.type === "start") {
      path = join(event.config.output, METRICS_CSV);
      const [header, ...before] = await linesBefore(files, path, event, stepOf);
      if (header !== undefined) columns = header.split(",");
      rows = before;
      await writeLines(files, path, [columns.join(","), ...rows]);
    }
    const metrics = metricsOf(event);
    if (!metrics) return;
    const values = new Map<string, number | string>([
      ["step", metrics.step],
      ["timestamp", new Date(clock.dateMs()).toISOString()],
      ...Object.entries(metrics.values).map(([name, value]) => [plain(name), value] as const),
    ]);
    const added = [...values.keys()].filter((name) => !columns.includes(name));
    columns = [...columns, ...added];
    const row = columns.map((name) => values.get(name) ?? "").join(",");
    rows = [...rows.map((each) => each + ",".repeat(added.length)), row];
    if (added.length === 0) await addLine(files, path, row);
    else await writeLines(files, path, [columns.join(","), ...rows]);
  };
}

/** The name of a column, which needs no quotes. */
const plain = (name: string): string => name.replaceAll(/[",\r\n]/g, "_");

function stepOf(line: string): number | undefined {
  const step = Number.parseInt(line, 10);
  return Number.isNaN(step) ? undefined : step;
}
