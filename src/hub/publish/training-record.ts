/**
 * @file How a model came about: what the log of its training, log.jsonl in its directory, tells of
 * the run.
 */

import { isObject, type JsonObject, type JsonValue } from "../../files/json.ts";
import { parseJson } from "../../files/json-parser.ts";
import { readText } from "../../host/content.ts";
import { fileError, isAbsent } from "../../host/file-error.ts";
import type { FileStore } from "../../host/host.ts";
import { join } from "../../host/path.ts";

export interface TrainingRecord {
  /** The options of the run. */
  readonly config: JsonObject;
  /** The data in words: "28,000 pairs, 1,000 held out". */
  readonly data: string;
  readonly parameterCount: number;
  readonly step: number;
  readonly totalSteps: number;
  /** Mean loss per token of the last step, in nats. */
  readonly trainingLoss?: number;
  /** The last evaluation; loss in nats per target. */
  readonly heldOut?: {
    readonly loss: number;
    readonly perplexity: number;
    /** The share of targets that the model thought the likeliest; absent where the log does not tell. */
    readonly accuracy?: number;
  };
  readonly translation?: { readonly bleu: number; readonly signature: string };
}

/** The record in a directory; undefined if there is no log, or one without a beginning. */
export async function readTrainingRecord(
  files: FileStore,
  directory: string,
): Promise<TrainingRecord | undefined> {
  const path = join(directory, "log.jsonl");
  try {
    return parseTrainingRecord(await readText(files, path));
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw fileError(path, "cannot read the log", error);
  }
}

/** The record of a log, one event a line; lines that are no events are passed over. */
export function parseTrainingRecord(log: string): TrainingRecord | undefined {
  let record: TrainingRecord | undefined;
  for (const line of log.split("\n")) {
    const event = parseLine(line);
    if (!event) continue;
    if (event["type"] === "start") record = begin(event, record);
    else if (record) record = { ...record, ...told(event) };
  }
  return record;
}

/** A run that goes on begins again, and has what it had. */
function begin(event: JsonObject, earlier: TrainingRecord | undefined): TrainingRecord {
  const { config = null, data, parameterCount, startStep, totalSteps } = event;
  return {
    ...earlier,
    config: isObject(config) ? config : {},
    data: typeof data === "string" ? data : "",
    parameterCount: number(parameterCount) ?? 0,
    step: number(startStep) ?? 0,
    totalSteps: number(totalSteps) ?? 0,
  };
}

/** What an event adds. */
function told(event: JsonObject): Partial<TrainingRecord> {
  const loss = number(event["loss"]);
  if (event["type"] === "step") {
    const step = number(event["step"]);
    return {
      ...(step !== undefined && { step }),
      ...(loss !== undefined && { trainingLoss: loss }),
    };
  }
  const perplexity = number(event["perplexity"]);
  const accuracy = number(event["accuracy"]);
  if (event["type"] === "evaluation" && loss !== undefined && perplexity !== undefined) {
    return { heldOut: { loss, perplexity, ...(accuracy !== undefined && { accuracy }) } };
  }
  const { bleu, signature } = event;
  if (event["type"] === "translation" && typeof bleu === "number") {
    return { translation: { bleu, signature: typeof signature === "string" ? signature : "" } };
  }
  return {};
}

const number = (value: JsonValue | undefined): number | undefined =>
  typeof value === "number" ? value : undefined;

function parseLine(line: string): JsonObject | undefined {
  try {
    const value = parseJson("log.jsonl", "event", line);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
