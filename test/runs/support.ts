/** Logs as they are written. */

import type { TrainEvent } from "../../src/runs/events.ts";
import { formatLine } from "../../src/runs/log-line.ts";

export const linesOf = (events: readonly TrainEvent[]): string =>
  events.map((event) => `${formatLine(event, new Date(0))}\n`).join("");
