/**
 * @file Files of lines, and of one JSON object a line.
 *
 * Lines end at "\n" or "\r\n" alone: other Unicode line separators are ordinary characters, as
 * otherwise parallel files fall out of step.
 */

import { FormatError } from "../../errors.ts";
import { isObject, type Json } from "../../files/json.ts";
import { readTextFile } from "./read-text.ts";

export interface JsonLine {
  /** Counted from 1. */
  readonly line: number;
  readonly object: Json;
}

/** The lines of a file, without their ends. */
export async function readLines(path: string): Promise<string[]> {
  const lines = (await readTextFile(path)).split("\n").map((line) => line.replace(/\r$/, ""));
  if (lines.at(-1) === "") lines.pop();
  return lines;
}

/**
 * The objects of a JSONL file. Blank lines are left out.
 *
 * @throws {FormatError} naming the line that is no JSON object.
 */
export async function readJsonLines(path: string): Promise<JsonLine[]> {
  const lines = await readLines(path);
  return lines.flatMap((text, i) =>
    isBlank(text) ? [] : [{ line: i + 1, object: parseLine(path, i + 1, text) }],
  );
}

/**
 * The first object of a JSONL file; undefined if all lines are blank.
 *
 * @throws {FormatError} if the first line that is not blank is no JSON object.
 */
export async function readFirstJsonLine(path: string): Promise<Json | undefined> {
  const lines = await readLines(path);
  const index = lines.findIndex((text) => !isBlank(text));
  return index === -1 ? undefined : parseLine(path, index + 1, lines[index] ?? "");
}

export const isBlank = (text: string): boolean => text.trim() === "";

/** The type of a JSON value in words. */
export const typeInWords = (value: unknown): string =>
  Array.isArray(value) ? "an array" : value === null ? "null" : typeof value;

function parseLine(path: string, line: number, text: string): Json {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    const message = `line ${line}: not JSON; got ${excerpt(text)}`;
    throw new FormatError(path, message, { cause, offset: line });
  }
  if (isObject(value)) return value;
  const message = `line ${line}: not a JSON object; got ${excerpt(text)}`;
  throw new FormatError(path, message, { offset: line });
}

/** The beginning of a text, for messages. */
export const excerpt = (text: string): string =>
  text.length > 40 ? `${text.slice(0, 40)}…` : text;
