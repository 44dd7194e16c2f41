/** @file What JSON files hold. */

import { FormatError } from "../errors.ts";
import { LFS_START_BYTES, refuseLfsPointer } from "./lfs.ts";

/** A JSON object whose fields may be anything. */
export type Json = Readonly<Record<string, unknown>>;

/** What the parser of `json-parser.ts` makes of a text. */
export type JsonValue =
  | null
  | boolean
  | number
  | string
  | readonly JsonValue[]
  | { readonly [key: string]: JsonValue };
export type JsonObject = Readonly<Record<string, JsonValue>>;

/** Whether a value is an object with fields: neither null nor an array. */
export function isObject(value: JsonValue | undefined): value is JsonObject;
export function isObject(value: unknown): value is Json;
export function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** `value` in a few words, for messages. */
export function describeJson(value: JsonValue | undefined): string {
  if (value === undefined) return "nothing";
  if (Array.isArray(value)) return `an array of ${value.length}`;
  if (typeof value === "object" && value !== null) return "an object";
  const text = JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}

/**
 * The object of a text that is trusted to be what `JSON.parse` makes of it, and may be large.
 *
 * @throws {FormatError} naming `path` if the content is not a JSON object.
 */
export function parseObject(path: string, content: string): Json {
  refuseLfsPointer(path, new TextEncoder().encode(content.slice(0, LFS_START_BYTES)));
  let value: unknown;
  try {
    value = JSON.parse(content);
  } catch (cause) {
    throw new FormatError(path, "not JSON", { cause });
  }
  if (!isObject(value)) throw new FormatError(path, `not a JSON object; got ${typeof value}`);
  return value;
}
