/**
 * @file A line of a run's log: an event as JSON, with the time at which it was written in front. A start says the version of what follows
 * it. Logs without one are older; what they lack is optional here, or known.
 */

import { z } from "zod";
import type { ParameterPlan } from "../engine/plan.ts";
import { FormatError } from "../errors.ts";
import { isObject } from "../files/json.ts";
import { join } from "../host/path.ts";
import type { Task } from "../models/model.ts";
import type {
  EndEvent,
  EvaluationEvent,
  HeldOutLoss,
  MemoryRow,
  MemoryTable,
  NoteEvent,
  SamplesEvent,
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
export interface LoggedStart
  extends
    Logged,
    Omit<StartEvent, "config" | "device" | "estimatedMs" | "learningRate" | "warmupSteps"> {
  /** Of this line and those that follow; absent in logs of before there were versions. */
  readonly version?: number;
  /** The options, complete; another version of flora may have had others. */
  readonly config: Readonly<Record<string, unknown>>;
  /** Absent in old logs. */
  readonly device?: string;
  readonly learningRate?: number;
  readonly warmupSteps?: number;
  readonly estimatedMs?: number;
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

/** Answers while the run went on. */
export type LoggedSamples = Logged & SamplesEvent;

/** A model or a checkpoint on disk. */
export type LoggedSave = Logged & SavedEvent;

/** What people should know. */
export type LoggedNote = Logged & NoteEvent;

/** The end of a run, or of a part of it. */
export type LoggedEnd = EndEvent & Logged;

/** An event as a log has it. */
export type LoggedEvent =
  | LoggedStart
  | LoggedStep
  | LoggedEvaluation
  | LoggedSamples
  | LoggedTranslation
  | LoggedSave
  | LoggedNote
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
  return EVENTS[type].safeParse(value).data;
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

/** A schema for each field of a type, also for those that may be absent: a field that is missing here is an error of the compiler. */
type Shape<T> = { readonly [Name in keyof T]-?: z.ZodType<T[Name]> };

/** All words of a type. */
type Words<Word extends string> = { readonly [Each in Word]: Each };

const text = z.string();
const NOT_IN_JSON = ["NaN", "Infinity", "-Infinity"] as const;
const number = z.union([z.number(), z.literal(NOT_IN_JSON).transform(Number)]);

const memoryRow = z.object({
  name: z.enum({
    weights: "weights",
    accumulators: "accumulators",
    "whole gradients": "whole gradients",
    "optimizer state": "optimizer state",
    activations: "activations",
    workspace: "workspace",
    images: "images",
    teacher: "teacher",
    runtime: "runtime",
  } satisfies Words<MemoryRow["name"]>),
  predicted: number,
  measured: z.exactOptional(number),
} satisfies Shape<MemoryRow>);

const memory = z.object({
  rows: z.array(memoryRow),
  predictedTotal: number,
  disk: z.exactOptional(number),
  measuredTotal: z.exactOptional(number),
  alternatives: z.array(
    z.object({ name: text, bytes: number } satisfies Shape<MemoryTable["alternatives"][number]>),
  ),
} satisfies Shape<MemoryTable>);

const parameter = z.object({
  name: text,
  shape: z.array(number),
  treatment: text,
  compressed: z.boolean(),
  frozen: z.boolean().default(false),
  weightBytes: number,
  trainedBytes: z.exactOptional(number),
  accumulatorBytes: number,
  optimizerBytes: number,
} satisfies Shape<ParameterPlan>);

const heldOutLoss = z.object({ step: number, loss: number } satisfies Shape<HeldOutLoss>);

const task = z.enum({
  causal: "causal",
  seq2seq: "seq2seq",
  masked: "masked",
  classification: "classification",
  embedding: "embedding",
  "image-classification": "image-classification",
} satisfies Words<Task>);

/** What is in a log, by its type. */
const EVENTS: {
  readonly [Type in Exclude<TrainEvent["type"], "micro-step">]: z.ZodType<
    Extract<LoggedEvent, { type: Type }>
  >;
} = {
  start: z.object({
    type: z.literal("start"),
    time: z.exactOptional(text),
    version: z.exactOptional(number),
    config: z.record(text, z.unknown()),
    learningRate: z.exactOptional(number),
    warmupSteps: z.exactOptional(number),
    device: z.exactOptional(text),
    estimatedMs: z.exactOptional(number),
    modelType: text,
    task: task.default("causal"),
    drawn: z.array(text).default([]),
    parameterCount: number,
    parameters: z.array(parameter),
    memory,
    data: text,
    isChat: z.boolean().default(false),
    notes: z.array(text).default([]),
    totalSteps: number,
    startStep: number,
    evaluateEvery: number,
  } satisfies Shape<LoggedStart>),
  step: z.object({
    type: z.literal("step"),
    time: z.exactOptional(text),
    step: number,
    totalSteps: number,
    loss: number,
    learningRate: number,
    gradNorm: z.exactOptional(number),
    metrics: z.exactOptional(z.record(text, number)),
    tokens: number,
    elapsedMs: number,
    tokensPerSecond: number,
    gflopsPerSecond: number,
    etaMs: number,
    residentBytes: number,
  } satisfies Shape<LoggedStep>),
  evaluation: z.object({
    type: z.literal("evaluation"),
    time: z.exactOptional(text),
    step: number,
    loss: number,
    perplexity: number,
    accuracy: z.exactOptional(number),
    metrics: z.exactOptional(z.record(text, number)),
    tokens: number,
    elapsedMs: number,
  } satisfies Shape<LoggedEvaluation>),
  samples: z.object({
    type: z.literal("samples"),
    time: z.exactOptional(text),
    step: number,
    samples: z.array(
      z.object({ prompt: text, target: z.exactOptional(text), output: text } satisfies Shape<
        SamplesEvent["samples"][number]
      >),
    ),
    elapsedMs: number,
  } satisfies Shape<LoggedSamples>),
  translation: z.object({
    type: z.literal("translation"),
    time: z.exactOptional(text),
    step: number,
    bleu: number,
    signature: text,
    rouge: z.exactOptional(
      z.object({ rouge1: number, rouge2: number, rougeL: number } satisfies Shape<
        TranslationEvent["rouge"]
      >),
    ),
    metrics: z.exactOptional(z.record(text, number)),
    count: number,
    elapsedMs: number,
    samples: z.array(
      z.object({
        source: text,
        prompt: text.default(""),
        target: text,
        output: text,
      } satisfies Shape<TranslationEvent["samples"][number]>),
    ),
  } satisfies Shape<LoggedTranslation>),
  saved: z.object({
    type: z.literal("saved"),
    time: z.exactOptional(text),
    step: number,
    path: text,
    what: z.enum({ model: "model", checkpoint: "checkpoint" } satisfies Words<SavedEvent["what"]>),
  } satisfies Shape<LoggedSave>),
  note: z.object({
    type: z.literal("note"),
    time: z.exactOptional(text),
    text,
  } satisfies Shape<LoggedNote>),
  end: z.object({
    type: z.literal("end"),
    time: z.exactOptional(text),
    reason: z.enum({
      finished: "finished",
      interrupted: "interrupted",
      "out of time": "out of time",
      "no better": "no better",
      diverged: "diverged",
      "not a number": "not a number",
    } satisfies Words<EndEvent["reason"]>),
    step: number,
    totalSteps: number,
    elapsedMs: number,
    memory,
    projectionShare: number,
    overheadShare: number,
    message: z.exactOptional(text),
    checkpointStep: z.exactOptional(number),
    heldOut: z.exactOptional(
      z.object({
        first: z.exactOptional(heldOutLoss),
        best: z.exactOptional(heldOutLoss),
        last: z.exactOptional(heldOutLoss),
      } satisfies Shape<NonNullable<EndEvent["heldOut"]>>),
    ),
    keptStep: z.exactOptional(number),
    spikes: z.exactOptional(number),
  } satisfies Shape<LoggedEnd>),
};

const isLogged = (type: unknown): type is keyof typeof EVENTS =>
  typeof type === "string" && Object.hasOwn(EVENTS, type);
