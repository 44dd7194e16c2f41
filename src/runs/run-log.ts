/**
 * @file What the log of a run tells, put together.
 *
 * A run that was interrupted and went on has several beginnings in one log. Times add up; steps after the checkpoint that it went
 * on from were taken twice, and only the later ones count.
 */

import type { FileStore } from "../host/host.ts";
import type { Task } from "../models/model.ts";
import type { EndEvent, MemoryTable } from "./events.ts";
import type {
  LoggedEvaluation,
  LoggedEvent,
  LoggedStart,
  LoggedStep,
  LoggedTranslation,
} from "./log-line.ts";
import { readLog } from "./read-log.ts";

/** An evaluation, and its place in the time of the run. */
export interface PlacedEvaluation extends LoggedEvaluation {
  /** Milliseconds from the beginning of the run to the evaluation, pauses left out. */
  readonly atMs: number;
}

/** What the log of a run says, also while it runs. */
export interface RunLog {
  /** The options of the run, complete. */
  readonly config: Readonly<Record<string, unknown>>;
  /** What the model learns. */
  readonly task: Task;
  readonly parameterCount: number;
  /** Of the weights that adapters add to the model. */
  readonly adapterBytes: number;
  readonly totalSteps: number;
  readonly data: string;
  /** Their times are those of the run, as if it had never paused. */
  readonly steps: readonly LoggedStep[];
  readonly evaluations: readonly PlacedEvaluation[];
  readonly translation: LoggedTranslation | undefined;
  /** How it ended; undefined if it goes on, or was cut off. */
  readonly end: EndEvent | undefined;
  readonly elapsedMs: number;
  /** Of the process with the highest peak. */
  readonly memory: MemoryTable;
}

/**
 * The log in a directory; undefined if none was begun.
 *
 * @throws {UsageError | FormatError} as `readLog` does.
 */
export async function readRunLog(files: FileStore, directory: string): Promise<RunLog | undefined> {
  const events = await readLog(files, directory);
  return events && runLogOf(events);
}

/** What events say together; undefined if none of them is a beginning. */
export function runLogOf(events: readonly LoggedEvent[]): RunLog | undefined {
  let log: Draft | undefined;
  /** Time of earlier processes. */
  let beforeMs = 0;
  for (const event of events) {
    if (event.type === "start") {
      log = begin(event, log);
      beforeMs = log.elapsedMs;
    } else if (log) {
      extend(log, event, beforeMs);
    }
  }
  return log;
}

interface Draft extends RunLog {
  readonly steps: LoggedStep[];
  readonly evaluations: PlacedEvaluation[];
  translation: RunLog["translation"];
  end: RunLog["end"];
  elapsedMs: number;
  memory: MemoryTable;
}

/** The log at a start event: what was before the checkpoint that it goes on from stays. */
function begin(start: LoggedStart, earlier: Draft | undefined): Draft {
  const { config, task, parameterCount, parameters, totalSteps, data, startStep } = start;
  const isDone = ({ step }: { readonly step: number }) => step <= startStep;
  const kept = config["resume"] === true ? earlier : undefined;
  return {
    config,
    task,
    parameterCount,
    adapterBytes: parameters.reduce(
      (sum, { name, weightBytes }) => sum + (isAdapter(name) ? weightBytes : 0),
      0,
    ),
    totalSteps,
    data,
    steps: kept?.steps.filter(isDone) ?? [],
    evaluations: kept?.evaluations.filter(isDone) ?? [],
    translation: undefined,
    end: undefined,
    elapsedMs: kept?.elapsedMs ?? 0,
    memory: higherPeak(kept?.memory, start.memory),
  };
}

/** Adapters have the names that peft gives them. */
const isAdapter = (name: string): boolean =>
  /\.lora_([AB]\.(weight|initial)|magnitude_vector)$/.test(name);

function extend(log: Draft, event: Exclude<LoggedEvent, LoggedStart>, beforeMs: number): void {
  if (event.type === "evaluation") {
    log.evaluations.push({ ...event, atMs: log.elapsedMs });
  } else if (event.type === "translation") {
    log.translation = event;
  } else if (event.type === "step" || event.type === "end") {
    log.elapsedMs = beforeMs + event.elapsedMs;
    if (event.type === "step") {
      log.steps.push({ ...event, elapsedMs: log.elapsedMs });
    } else {
      log.end = event;
      log.memory = higherPeak(log.memory, event.memory);
    }
  }
}

function higherPeak(a: MemoryTable | undefined, b: MemoryTable): MemoryTable {
  return a && (a.measuredTotal ?? 0) > (b.measuredTotal ?? 0) ? a : b;
}
