/** @file The entries of GGUF's metadata as what they have to be. */

import { FormatError } from "../errors.ts";
import type { GgufValue } from "./header.ts";

/** Entries by their keys; undefined where there is none. @throws {FormatError} if an entry is something else. */
export interface Metadata {
  readonly path: string;
  text(key: string): string | undefined;
  number(key: string): number | undefined;
  flag(key: string): boolean | undefined;
  texts(key: string): readonly string[] | undefined;
  numbers(key: string): readonly number[] | undefined;
  /** What was found under a key. @throws {FormatError} if nothing was. */
  required<T>(key: string, found: T | undefined): T;
}

export function metadataOf(path: string, entries: ReadonlyMap<string, GgufValue>): Metadata {
  const entry = <T>(
    key: string,
    kind: string,
    as: (value: GgufValue) => T | undefined,
  ): T | undefined => {
    const value = entries.get(key);
    if (value === undefined) return undefined;
    const found = as(value);
    if (found !== undefined) return found;
    throw new FormatError(path, `metadata ${key}: must be ${kind}; got ${describe(value)}`);
  };
  return {
    path,
    text: (key) => entry(key, "a text", textOf),
    number: (key) => entry(key, "a number", numberOf),
    flag: (key) => entry(key, "true or false", flagOf),
    texts: (key) => entry(key, "a list of texts", (value) => listOf(value, textOf)),
    numbers: (key) => entry(key, "a list of numbers", (value) => listOf(value, numberOf)),
    required(key, found) {
      if (found !== undefined) return found;
      throw new FormatError(path, `metadata ${key}: is missing`);
    },
  };
}

const textOf = (value: GgufValue) => (typeof value === "string" ? value : undefined);
const numberOf = (value: GgufValue) => (typeof value === "number" ? value : undefined);
const flagOf = (value: GgufValue) => (typeof value === "boolean" ? value : undefined);

function listOf<T>(
  value: GgufValue,
  as: (value: GgufValue) => T | undefined,
): readonly T[] | undefined {
  if (typeof value !== "object") return undefined;
  const items = value.map(as).filter((item) => item !== undefined);
  return items.length === value.length ? items : undefined;
}

const describe = (value: GgufValue): string =>
  typeof value === "object" ? `a list of ${value.length}` : JSON.stringify(value).slice(0, 60);
