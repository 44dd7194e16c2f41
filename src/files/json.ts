/** @file JSON objects whose fields may be anything. */

import { FormatError } from "../errors.ts";

export type Json = Readonly<Record<string, unknown>>;

/** @throws {FormatError} naming `path` if the content is not a JSON object. */
export function parseObject(path: string, content: string): Json {
  let value: unknown;
  try {
    value = JSON.parse(content);
  } catch (cause) {
    throw new FormatError(path, "not JSON", { cause });
  }
  if (!isObject(value)) throw new FormatError(path, `not a JSON object; got ${typeof value}`);
  return value;
}

export const isObject = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);
