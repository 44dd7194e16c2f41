/** @file The trackers that the option `track` names. */

import type { TrackerName } from "../../options/tables/names.ts";
import { trackCsv } from "./csv.ts";
import { trackJsonl } from "./jsonl.ts";
import { trackTensorboard } from "./tensorboard.ts";
import type { Tracker, TrackerHost } from "./tracker.ts";

/** A new tracker for a run on a host. */
export const TRACKERS: Readonly<Record<TrackerName, (host: TrackerHost) => Tracker>> = {
  tensorboard: trackTensorboard,
  csv: trackCsv,
  jsonl: trackJsonl,
};
