/**
 * @file Checks of what was read from JSON, which the compiler holds against the types they end in: a field that a type has and its
 * decoder lacks is an error, and so is one of another type.
 */

import { isObject } from "../files/json.ts";

/** A value as what it was found to be. @throws {TypeError} if it is not. */
export type Decoder<T> = (value: unknown) => T;

/** A decoder for each field of a type, also for those that may be absent. */
type Fields<T> = { readonly [Name in keyof T]-?: Decoder<T[Name]> };

type Named = Readonly<Record<string, Decoder<unknown>>>;

const mismatch = (expected: string, value: unknown): TypeError =>
  new TypeError(`expected ${expected}; got ${typeof value}`);

export const text: Decoder<string> = (value) => {
  if (typeof value === "string") return value;
  throw mismatch("a text", value);
};

export const truth: Decoder<boolean> = (value) => {
  if (typeof value === "boolean") return value;
  throw mismatch("true or false", value);
};

const NOT_IN_JSON: ReadonlySet<unknown> = new Set(["NaN", "Infinity", "-Infinity"]);

/** JSON has no infinities: they are texts. */
export const number: Decoder<number> = (value) => {
  if (typeof value === "number") return value;
  if (NOT_IN_JSON.has(value)) return Number(value);
  throw mismatch("a number", value);
};

/** An object whose fields may be anything. */
export const anything: Decoder<Readonly<Record<string, unknown>>> = (value) => {
  if (isObject(value)) return value;
  throw mismatch("an object", value);
};

/** One of these words; a table, for the compiler to see that a type has no others. */
export const oneOf =
  <T extends string>(words: Readonly<Record<T, true>>): Decoder<T> =>
  (value) => {
    if (isWord(value, words)) return value;
    throw mismatch(Object.keys(words).join(" or "), value);
  };

const isWord = <T extends string>(value: unknown, words: Readonly<Record<T, true>>): value is T =>
  typeof value === "string" && Object.hasOwn(words, value);

export const optional =
  <T>(decode: Decoder<T>): Decoder<T | undefined> =>
  (value) =>
    value === undefined ? undefined : decode(value);

/** What older files lack. */
export const orElse =
  <T>(decode: Decoder<T>, absent: T): Decoder<T> =>
  (value) =>
    value === undefined ? absent : decode(value);

export const list =
  <T>(decode: Decoder<T>): Decoder<readonly T[]> =>
  (value) => {
    if (Array.isArray(value)) return value.map((item) => decode(item));
    throw mismatch("a list", value);
  };

export const table =
  <T>(decode: Decoder<T>): Decoder<Readonly<Record<string, T>>> =>
  (value) =>
    Object.fromEntries(
      Object.entries(anything(value)).map(([name, item]) => [name, decode(item)] as const),
    );

/** An object with these fields; others are left out. */
export const object =
  <T extends object>(fields: Fields<T> & Named): Decoder<T> =>
  (value) => {
    const given = anything(value);
    const found = Object.fromEntries(
      Object.entries<Decoder<unknown>>(fields)
        .map(([name, decode]) => [name, decode(given[name])] as const)
        .filter(([, field]) => field !== undefined),
    );
    if (!isDecoded<T>(found, fields)) throw new Error("internal: a field was not decoded");
    return found;
  };

/** Each field is what its decoder has returned. */
const isDecoded = <T extends object>(found: object, fields: Fields<T> & Named): found is T =>
  Object.keys(found).every((name) => name in fields);
