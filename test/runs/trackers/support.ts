/** A run as trackers hear it. */

import { readText } from "../../../src/host/content.ts";
import type { MemoryHost } from "../../../src/host/in-memory.ts";
import type { EvaluationEvent, StartEvent, TrainEvent } from "../../../src/runs/events.ts";
import type { Tracker } from "../../../src/runs/trackers/tracker.ts";
import { startEvent, stepEvent } from "../../cli/events.ts";

export const OUTPUT = "runs/tracked";

export const start = (changes: Partial<StartEvent> = {}, resume = false): StartEvent => ({
  ...startEvent({ output: OUTPUT, resume }),
  ...changes,
});

export const step = (done: number, loss: number): TrainEvent =>
  stepEvent({ step: done, loss, learningRate: 0.01, tokensPerSecond: 1000 });

export const evaluation = (done: number, loss: number): EvaluationEvent => ({
  type: "evaluation",
  step: done,
  loss,
  perplexity: 8,
  accuracy: 0.5,
  tokens: 100,
  elapsedMs: 1000,
});

export async function tell(tracker: Tracker, events: readonly TrainEvent[]): Promise<void> {
  for (const event of events) await tracker(event);
}

export const linesOf = async ({ files }: MemoryHost, name: string): Promise<readonly string[]> =>
  (await readText(files, `${OUTPUT}/${name}`)).trimEnd().split("\n");
