/**
 * @file JSON (RFC 8259) from files that are not trusted.
 *
 * `JSON.parse` keeps the last of two equal keys without a word, takes half a surrogate pair for a
 * character and, on Node 20, does not say where an error is; this parser refuses the first two and
 * reports the third as line and column.
 */

import { FormatError } from "../errors.ts";
import { describeJson, type JsonObject, type JsonValue } from "./json.ts";

/** Bounds the recursion, so that a hostile file cannot exhaust the stack. */
const MAX_DEPTH = 100;

export interface JsonOptions {
  /** The value of a number as it is written, undefined to refuse it; `Number` by default. */
  readonly readNumber?: (literal: string) => JsonValue | undefined;
}

/**
 * The value written in `text`, which came from `path`; `what` names the text in messages.
 *
 * @throws {FormatError} with the line as offset, if `text` is not JSON, repeats a key within an
 *   object, holds half a surrogate pair or nests deeper than 100 levels.
 */
export function parseJson(
  path: string,
  what: string,
  text: string,
  { readNumber = Number }: JsonOptions = {},
): JsonValue {
  let at = 0;

  const fail = (message: string, where: number): never => {
    const before = text.slice(0, where);
    const line = before.split("\n").length;
    const column = where - before.lastIndexOf("\n");
    throw new FormatError(path, `${what}: line ${line}, column ${column}: ${message}`, {
      offset: line,
    });
  };

  const expected = (wanted: string): never =>
    fail(`expected ${wanted}; got ${at < text.length ? JSON.stringify(text[at]) : "the end"}`, at);

  const skipSpace = (): void => {
    while (at < text.length && " \t\n\r".includes(text.charAt(at))) at++;
  };

  const take = (token: string): boolean => {
    skipSpace();
    if (text[at] !== token) return false;
    at++;
    return true;
  };

  const match = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at;
    const found = pattern.exec(text)?.[0];
    at += found?.length ?? 0;
    return found;
  };

  const string = (): string => {
    skipSpace();
    const start = at;
    if (text[at] !== '"') expected("a string");
    for (at++; text[at] !== '"'; at++) {
      if (text[at] === "\\") at++;
      if (at >= text.length) fail("string does not end", start);
    }
    at++;
    const value = parseString(text.slice(start, at));
    if (value === undefined) {
      return fail("string holds an escape or control character JSON does not allow", start);
    }
    return /\p{Surrogate}/u.test(value) ? fail("string holds half a surrogate pair", start) : value;
  };

  const object = (depth: number): JsonObject => {
    const entries = new Map<string, JsonValue>();
    if (take("}")) return {};
    do {
      skipSpace();
      const start = at;
      const key = string();
      if (entries.has(key)) fail(`key ${describeJson(key)} appears twice`, start);
      if (!take(":")) expected('":"');
      entries.set(key, value(depth));
    } while (take(","));
    if (!take("}")) expected('"," or "}"');
    return Object.fromEntries(entries);
  };

  const array = (depth: number): readonly JsonValue[] => {
    const items: JsonValue[] = [];
    if (take("]")) return items;
    do items.push(value(depth));
    while (take(","));
    if (!take("]")) expected('"," or "]"');
    return items;
  };

  const value = (depth: number): JsonValue => {
    if (depth > MAX_DEPTH) fail(`nested deeper than ${MAX_DEPTH} levels`, at);
    if (take("{")) return object(depth + 1);
    if (take("[")) return array(depth + 1);
    if (text[at] === '"') return string();
    const start = at;
    const number = match(/-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y);
    if (number !== undefined) return readNumber(number) ?? fail("number is out of range", start);
    const literal = match(/true|false|null/y);
    if (literal === undefined) return expected("a value");
    return literal === "null" ? null : literal === "true";
  };

  const result = value(0);
  skipSpace();
  return at === text.length ? result : expected("the end");
}

/** The value of a quoted JSON string; undefined if it is malformed. */
function parseString(quoted: string): string | undefined {
  try {
    const value: unknown = JSON.parse(quoted);
    return typeof value === "string" ? value : undefined;
  } catch {
    return undefined;
  }
}
