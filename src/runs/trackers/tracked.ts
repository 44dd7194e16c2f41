/** @file Events on their way to whoever consumes them, heard by trackers. */

import { fileError } from "../../host/file-error.ts";
import { join } from "../../host/path.ts";
import type { StartEvent, TrainEvent } from "../events.ts";
import { TRACKERS } from "./registry.ts";
import type { Tracker, TrackerHost } from "./tracker.ts";

/** Who hears a run. */
export interface TrackedOptions {
  /** Trackers of one's own. */
  readonly trackers?: readonly Tracker[] | undefined;
  /** Whether those that the options name write their files; true by default. */
  readonly writes?: boolean;
}

/** The same events, and a note where a tracker failed. Those that the options name are there from the start event on, which names them. */
export async function* tracked(
  host: TrackerHost,
  events: AsyncIterable<TrainEvent>,
  { trackers = [], writes = true }: TrackedOptions = {},
): AsyncGenerator<TrainEvent, void, undefined> {
  /** By what they are called in a note. */
  const hearing = new Map<Tracker, string>(trackers.map((tracker) => [tracker, nameOf(tracker)]));
  for await (const event of events) {
    if (event.type === "start" && writes) {
      await removeEarlier(host, event);
      for (const name of new Set(event.config.track)) hearing.set(TRACKERS[name].open(host), name);
    }
    const failures: string[] = [];
    for (const [tracker, name] of hearing) {
      try {
        await tracker(event);
      } catch (error) {
        hearing.delete(tracker);
        const reason = error instanceof Error ? error.message : String(error);
        failures.push(`the tracker ${name} failed, and hears no more of the run: ${reason}`);
      }
    }
    // The last event stays the last.
    if (event.type !== "end") yield event;
    for (const text of failures) yield { type: "note", text };
    if (event.type === "end") yield event;
  }
}

/** Takes away what trackers wrote of a run that this one replaces. */
async function removeEarlier({ files }: TrackerHost, { config }: StartEvent): Promise<void> {
  if (config.resume) return;
  for (const { writes } of Object.values(TRACKERS)) {
    const path = join(config.output, writes);
    try {
      await files.remove(path);
    } catch (error) {
      throw fileError(path, "cannot remove what an earlier run left", error);
    }
  }
}

const nameOf = ({ name }: Tracker): string => (name === "" ? "without a name" : name);
