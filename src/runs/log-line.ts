/**
 * @file A line of a run's log: an event as JSON, with the time at which it was written in front. A start says the version of what follows
 * it. Logs without one are older; what they lack is optional here, or known.
 */

import type { ParameterPlan } from "../engine/plan.ts";
import { FormatError } from "../errors.ts";
import { isObject } from "../files/json.ts";
import { join } from "../host/path.ts";
import type { Task } from "../models/model.ts";
import {
  anything,
  type Decoder,
  list,
  number,
  object,
  oneOf,
  optional,
  orElse,
  table,
  text,
  truth,
} from "./decode.ts";
import type {
  EndEvent,
  EvaluationEvent,
  MemoryRow,
  MemoryTable,
  SavedEvent,
  StartEvent,
  StepEvent,
  TrainEvent,
  TranslationEvent,
} from "./events.ts";

/** What a log is called in the directory of its run. */
export const LOG_FILE = "log.jsonl";

/** The version of the lines that are written; it grows when an event changes in a way that its readers must know of. */
export const LOG_VERSION = 1;

/** The log of a run that has its output in a directory. */
export const logPath = (directory: string): string => join(directory, LOG_FILE);

/** What an event has in a log besides. */
export interface Logged {
  /** When it was written, as "2026-01-02T03:04:05.678Z". */
  readonly time?: string;
}

/** A beginning, of which a run that went on has several. */
export interface LoggedStart extends Logged, Omit<StartEvent, "config"> {
  /** Of this line and those that follow; absent in logs of before there were versions. */
  readonly version?: number;
  /** The options, complete; another version of flora may have had others. */
  readonly config: Readonly<Record<string, unknown>>;
}

/** An update of the weights. */
export type LoggedStep = Logged & StepEvent;

/** The loss on held-out data. */
export interface LoggedEvaluation extends Logged, Omit<EvaluationEvent, "accuracy"> {
  /** The share of targets that the model thought the likeliest, 0 to 1; absent in old logs. */
  readonly accuracy?: number;
}

/** Answers to held-out questions, and their scores. */
export interface LoggedTranslation extends Logged, Omit<TranslationEvent, "rouge"> {
  /** Mean F of ROUGE-1, -2 and -L, in percent; absent in old logs. */
  readonly rouge?: TranslationEvent["rouge"];
}

/** A model or a checkpoint on disk. */
export type LoggedSave = Logged & SavedEvent;

/** The end of a run, or of a part of it. */
export type LoggedEnd = EndEvent & Logged;

/** An event as a log has it. */
export type LoggedEvent =
  | LoggedStart
  | LoggedStep
  | LoggedEvaluation
  | LoggedTranslation
  | LoggedSave
  | LoggedEnd;

/** The event as a line, without its end. Numbers that JSON does not have are written as text. */
export const formatLine = (event: TrainEvent, time: Date): string =>
  JSON.stringify(
    {
      time: time.toISOString(),
      ...(event.type === "start" && { version: LOG_VERSION }),
      ...event,
    },
    (_, value: unknown) =>
      typeof value === "number" && !Number.isFinite(value) ? String(value) : value,
  );

/**
 * The event of a line; undefined if it is none, as a line that was cut off.
 *
 * @param path - of the log, for errors
 * @throws {FormatError} if it is the start of what a newer version wrote.
 */
export function parseLine(path: string, line: string): LoggedEvent | undefined {
  const value = parseJson(line);
  if (!isObject(value)) return undefined;
  const { type, version } = value;
  if (type === "start" && typeof version === "number" && version > LOG_VERSION) {
    const message = `a newer flora wrote this log, of version ${version}; ${LOG_VERSION} is the newest known here`;
    throw new FormatError(path, message);
  }
  if (!isLogged(type)) return undefined;
  try {
    return EVENTS[type](value);
  } catch (error) {
    if (error instanceof TypeError) return undefined;
    throw error;
  }
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

const memoryRow = object<MemoryRow>({
  name: oneOf<MemoryRow["name"]>({
    weights: true,
    accumulators: true,
    "optimizer state": true,
    activations: true,
    workspace: true,
    images: true,
    runtime: true,
  }),
  predicted: number,
  measured: optional(number),
});

const memory = object<MemoryTable>({
  rows: list(memoryRow),
  predictedTotal: number,
  measuredTotal: optional(number),
  alternatives: list(object<MemoryTable["alternatives"][number]>({ name: text, bytes: number })),
});

const parameter = object<ParameterPlan>({
  name: text,
  shape: list(number),
  treatment: text,
  compressed: truth,
  frozen: orElse(truth, false),
  weightBytes: number,
  accumulatorBytes: number,
  optimizerBytes: number,
});

const task = oneOf<Task>({
  causal: true,
  seq2seq: true,
  masked: true,
  classification: true,
  embedding: true,
  "image-classification": true,
});

/** What is in a log, by its type. */
const EVENTS: {
  readonly [Type in Exclude<TrainEvent["type"], "micro-step">]: Decoder<
    Extract<LoggedEvent, { type: Type }>
  >;
} = {
  start: object<LoggedStart>({
    type: oneOf({ start: true }),
    time: optional(text),
    version: optional(number),
    config: anything,
    modelType: text,
    task: orElse(task, "causal"),
    drawn: orElse(list(text), []),
    parameterCount: number,
    parameters: list(parameter),
    memory,
    data: text,
    totalSteps: number,
    startStep: number,
    evaluateEvery: number,
  }),
  step: object<LoggedStep>({
    type: oneOf({ step: true }),
    time: optional(text),
    step: number,
    totalSteps: number,
    loss: number,
    learningRate: number,
    gradNorm: optional(number),
    tokens: number,
    elapsedMs: number,
    tokensPerSecond: number,
    gflopsPerSecond: number,
    etaMs: number,
    residentBytes: number,
  }),
  evaluation: object<LoggedEvaluation>({
    type: oneOf({ evaluation: true }),
    time: optional(text),
    step: number,
    loss: number,
    perplexity: number,
    accuracy: optional(number),
    metrics: optional(table(number)),
    tokens: number,
    elapsedMs: number,
  }),
  translation: object<LoggedTranslation>({
    type: oneOf({ translation: true }),
    time: optional(text),
    step: number,
    bleu: number,
    signature: text,
    rouge: optional(
      object<TranslationEvent["rouge"]>({ rouge1: number, rouge2: number, rougeL: number }),
    ),
    metrics: optional(table(number)),
    count: number,
    elapsedMs: number,
    samples: list(
      object<TranslationEvent["samples"][number]>({
        source: text,
        prompt: orElse(text, ""),
        target: text,
        output: text,
      }),
    ),
  }),
  saved: object<LoggedSave>({
    type: oneOf({ saved: true }),
    time: optional(text),
    step: number,
    path: text,
    what: oneOf<SavedEvent["what"]>({ model: true, checkpoint: true }),
  }),
  end: object<LoggedEnd>({
    type: oneOf({ end: true }),
    time: optional(text),
    reason: oneOf<EndEvent["reason"]>({ finished: true, interrupted: true, "not a number": true }),
    step: number,
    totalSteps: number,
    elapsedMs: number,
    memory,
    projectionShare: number,
    overheadShare: number,
    message: optional(text),
  }),
};

const isLogged = (type: unknown): type is keyof typeof EVENTS =>
  typeof type === "string" && Object.hasOwn(EVENTS, type);
