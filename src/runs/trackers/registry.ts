/** @file The trackers that the option `track` names. */

import type { TrackerName } from "../../options/tables/names.ts";
import { METRICS_CSV, trackCsv } from "./csv.ts";
import { METRICS_JSONL, trackJsonl } from "./jsonl.ts";
import { TENSORBOARD, trackTensorboard } from "./tensorboard.ts";
import type { Tracker, TrackerHost } from "./tracker.ts";

/** A tracker that writes into the output directory of a run. */
export interface NamedTracker {
  /** A new one for a run on a host. */
  readonly open: (host: TrackerHost) => Tracker;
  /** The file or folder that it writes. */
  readonly writes: string;
}

export const TRACKERS: Readonly<Record<TrackerName, NamedTracker>> = {
  tensorboard: { open: trackTensorboard, writes: TENSORBOARD },
  csv: { open: trackCsv, writes: METRICS_CSV },
  jsonl: { open: trackJsonl, writes: METRICS_JSONL },
};
