/**
 * @file A tracker hears every event of a run, and tells whom it wants: a file that another program reads, a service, a light on a desk.
 *
 * @example
 * const bell: Tracker = (event) => {
 *   if (event.type === "end") process.stdout.write("\u0007");
 * };
 * train({ data: "book.txt", trackers: [bell] });
 */

import type { Host } from "../../host/host.ts";
import type { TrainEvent } from "../events.ts";

/** Hears an event before it is told further. If it throws, the run tells so, goes on, and it hears no more. */
export type Tracker = (event: TrainEvent) => Promise<void> | void;

/** What trackers that write files take of a host. */
export type TrackerHost = Pick<Host, "clock" | "files">;
