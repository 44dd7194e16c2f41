/**
 * @file What the log of a run tells: log.jsonl, one event a line, as `flora train` writes it.
 *
 * A run that was interrupted and went on has several beginnings in one log. Times add up; steps after the checkpoint that it went
 * on from were taken twice, and only the later ones count.
 */

import { z } from "zod";
import type { EndEvent, StepEvent, TranslationEvent } from "./events.ts";
import { readText } from "../host/content.ts";
import { fileError, isAbsent } from "../host/file-error.ts";
import type { FileStore } from "../host/host.ts";
import { join } from "../host/path.ts";

/** JSON has no infinities: the log has them as text. */
const number = z.union([z.number(), z.enum(["NaN", "Infinity", "-Infinity"]).transform(Number)]);

const memory = z.object({
  rows: z.array(z.object({ name: z.string(), predicted: number, measured: number.optional() })),
  predictedTotal: number,
  measuredTotal: number.optional(),
});

const EVENTS = {
  start: z.object({
    type: z.literal("start"),
    config: z.record(z.string(), z.unknown()),
    task: z.string().optional(),
    parameterCount: number,
    totalSteps: number,
    startStep: number,
    data: z.string(),
    parameters: z.array(z.object({ name: z.string(), weightBytes: number })),
    memory,
  }),
  step: z.object({
    type: z.literal("step"),
    step: number,
    totalSteps: number,
    loss: number,
    learningRate: number,
    tokens: number,
    elapsedMs: number,
    tokensPerSecond: number,
    etaMs: number,
  }),
  evaluation: z.object({
    type: z.literal("evaluation"),
    step: number,
    loss: number,
    perplexity: number,
    accuracy: number.optional(),
  }),
  translation: z.object({
    type: z.literal("translation"),
    bleu: number,
    signature: z.string(),
    count: number,
    rouge: z.object({ rouge1: number, rouge2: number, rougeL: number }).optional(),
  }),
  end: z.object({
    type: z.literal("end"),
    reason: z.enum(["finished", "interrupted", "not a number"]),
    step: number,
    totalSteps: number,
    elapsedMs: number,
    memory,
    message: z.string().optional(),
  }),
} as const;

const anyEvent = z.discriminatedUnion("type", [
  EVENTS.start,
  EVENTS.step,
  EVENTS.evaluation,
  EVENTS.translation,
  EVENTS.end,
]);

/** What a log says of a step. */
export type LoggedStep = Pick<
  StepEvent,
  | "type"
  | "step"
  | "totalSteps"
  | "loss"
  | "learningRate"
  | "tokens"
  | "elapsedMs"
  | "tokensPerSecond"
  | "etaMs"
>;

/** What a log says of memory. */
export interface LoggedMemory {
  /** In bytes. */
  readonly rows: readonly {
    readonly name: string;
    readonly predicted: number;
    readonly measured?: number | undefined;
  }[];
  readonly predictedTotal: number;
  readonly measuredTotal?: number | undefined;
}

/** What a log says of answers and their BLEU. */
export interface LoggedTranslation extends Pick<TranslationEvent, "bleu" | "signature" | "count"> {
  /** In percent. */
  readonly rouge?:
    | { readonly rouge1: number; readonly rouge2: number; readonly rougeL: number }
    | undefined;
}

/** What a log says of the end of a run. */
export interface LoggedEnd extends Pick<EndEvent, "reason" | "step" | "totalSteps" | "elapsedMs"> {
  readonly memory: LoggedMemory;
  readonly message?: string | undefined;
}

/** What a log says of an evaluation. */
export interface LoggedEvaluation {
  readonly step: number;
  /** Mean held-out loss per token, in nats. */
  readonly loss: number;
  readonly perplexity: number;
  /** The share of targets that were the likeliest, 0 to 1. */
  readonly accuracy?: number | undefined;
  /** Since the run began, pauses left out. */
  readonly elapsedMs: number;
}

/** What the log of a run says, also while it runs. */
export interface RunLog {
  /** The options of the run, complete. */
  readonly config: Readonly<Record<string, unknown>>;
  /** What the model learns. */
  readonly task?: string | undefined;
  readonly parameterCount: number;
  /** Of the weights that adapters add to the model. */
  readonly adapterBytes: number;
  readonly totalSteps: number;
  readonly data: string;
  readonly steps: readonly LoggedStep[];
  readonly evaluations: readonly LoggedEvaluation[];
  readonly translation: LoggedTranslation | undefined;
  /** How it ended; undefined if it goes on, or was cut off. */
  readonly end: LoggedEnd | undefined;
  readonly elapsedMs: number;
  /** Of the process with the highest peak. */
  readonly memory: LoggedMemory;
}

export const logPath = (directory: string): string => join(directory, "log.jsonl");

/** The log in a directory; undefined if none was begun. */
export async function readRunLog(
  files: FileStore,
  directory: string,
): Promise<RunLog | undefined> {
  const path = logPath(directory);
  try {
    return parseRunLog(await readText(files, path));
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw fileError(path, "cannot read the log", error);
  }
}

/** The log of a text; lines that are no events of a run, as a line that was cut off, are passed over. */
export function parseRunLog(text: string): RunLog | undefined {
  let log: Draft | undefined;
  /** Time of earlier processes. */
  let beforeMs = 0;
  for (const line of text.split("\n")) {
    const event = parseEvent(line);
    if (event?.type === "start") {
      log = begin(event, log);
      beforeMs = log.elapsedMs;
    } else if (event && log) {
      extend(log, event, beforeMs);
    }
  }
  return log;
}

type LogEvent = z.infer<typeof anyEvent>;
type StartOfLog = Extract<LogEvent, { type: "start" }>;

interface Draft extends RunLog {
  readonly steps: LoggedStep[];
  readonly evaluations: LoggedEvaluation[];
  translation: RunLog["translation"];
  end: RunLog["end"];
  elapsedMs: number;
  memory: LoggedMemory;
}

/** The log at a start event: what was before the checkpoint that it goes on from stays. */
function begin(start: StartOfLog, earlier: Draft | undefined): Draft {
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
const isAdapter = (name: string): boolean => /\.lora_[AB]\.weight$/.test(name);

function extend(log: Draft, event: Exclude<LogEvent, StartOfLog>, beforeMs: number): void {
  if (event.type === "evaluation") {
    const { step, loss, perplexity, accuracy } = event;
    log.evaluations.push({ step, loss, perplexity, accuracy, elapsedMs: log.elapsedMs });
  } else if (event.type === "translation") {
    log.translation = event;
  } else {
    log.elapsedMs = beforeMs + event.elapsedMs;
    if (event.type === "step") {
      log.steps.push({ ...event, elapsedMs: log.elapsedMs });
    } else {
      log.end = event;
      log.memory = higherPeak(log.memory, event.memory);
    }
  }
}

function higherPeak(a: LoggedMemory | undefined, b: LoggedMemory): LoggedMemory {
  return a && (a.measuredTotal ?? 0) > (b.measuredTotal ?? 0) ? a : b;
}

function parseEvent(line: string): LogEvent | undefined {
  try {
    return anyEvent.safeParse(JSON.parse(line)).data;
  } catch {
    return undefined;
  }
}

export interface LogTail {
  /** The newest step that was written since the last call, if any. */
  read(): Promise<LoggedStep | undefined>;
}

const LINE_FEED = 0x0a;

/** Follows a log that another process writes. */
export async function followLog(files: FileStore, directory: string): Promise<LogTail> {
  const path = logPath(directory);
  let position = await sizeOf(files, path);
  return {
    async read() {
      const size = await sizeOf(files, path);
      if (size <= position) return undefined;
      const file = await files.open(path);
      try {
        const bytes = await file.read(position, size);
        const end = bytes.lastIndexOf(LINE_FEED) + 1;
        position += end;
        const text = new TextDecoder().decode(bytes.subarray(0, end));
        const events = text.split("\n").map(parseEvent);
        return events.findLast((event) => event?.type === "step");
      } finally {
        await file.close();
      }
    },
  };
}

async function sizeOf(files: FileStore, path: string): Promise<number> {
  try {
    return (await files.stat(path))?.bytes ?? 0;
  } catch (error) {
    throw fileError(path, "cannot read the log", error);
  }
}
