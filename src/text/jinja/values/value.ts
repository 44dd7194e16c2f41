/**
 * @file The values of a template, as Python has them. Whole numbers are JavaScript's; what Python tells apart and JavaScript does not
 * has a kind.
 */

import { UsageError } from "../../../errors.ts";

export type Value =
  | null
  | boolean
  | number
  | string
  | Float
  | List
  | Tuple
  | Generator
  | Dict
  | Namespace
  | Callable
  | Thing
  | Undefined;

export interface Float {
  readonly kind: "float";
  readonly value: number;
}

export interface List {
  readonly kind: "list";
  readonly items: readonly Value[];
  /** Of the messages of a conversation: how they are read without reading all. */
  readonly view?: View;
}

/** A list that is seen from its beginning on, item by item. */
export interface View {
  /** Where it begins in the list that all is a part of. */
  readonly start: number;
  at(index: number): Value | undefined;
  from(index: number): List;
}

export interface Tuple {
  readonly kind: "tuple";
  readonly items: readonly Value[];
}

/** What some filters give: it can be gone through, and no more; that of a dict has a length too. */
export interface Generator {
  readonly kind: "generator";
  readonly items: readonly Value[];
  readonly hasLength?: boolean;
}

export interface Dict {
  readonly kind: "dict";
  readonly entries: ReadonlyMap<Value, Value>;
}

export interface Namespace {
  readonly kind: "namespace";
  readonly entries: Map<string, Value>;
}

/** The arguments of a call. */
export interface Arguments {
  readonly args: readonly Value[];
  readonly named: ReadonlyMap<string, Value>;
}

export interface Callable {
  readonly kind: "function";
  readonly call: (given: Arguments) => Value;
}

/** An object with attributes alone, such as `loop`. */
export interface Thing {
  readonly kind: "thing";
  /** What it is where it is written. */
  readonly text?: string;
  get(name: string): Value | undefined;
}

export interface Undefined {
  readonly kind: "undefined";
  /** What is missing, for the error of whoever uses it. */
  readonly why: string;
}

export const float = (value: number): Float => ({ kind: "float", value });
export const list = (items: readonly Value[]): List => ({ kind: "list", items });
export const tuple = (items: readonly Value[]): Tuple => ({ kind: "tuple", items });
export const undefinedValue = (why: string): Undefined => ({ kind: "undefined", why });
export const callable = (call: Callable["call"]): Callable => ({ kind: "function", call });

export const dict = (entries: Iterable<readonly [Value, Value]>): Dict => ({
  kind: "dict",
  entries: new Map(entries),
});

export const generator = (items: readonly Value[]): Generator => ({ kind: "generator", items });

/** A value of JSON. Anything else is nothing. */
export function fromJson(value: unknown): Value {
  if (value === null || value === undefined) return null;
  if (typeof value === "string" || typeof value === "boolean") return value;
  if (typeof value === "number") return Number.isInteger(value) ? value : float(value);
  if (Array.isArray(value)) return list(value.map(fromJson));
  if (typeof value !== "object") return null;
  return dict(
    Object.entries(value).flatMap(([name, each]: [string, unknown]) =>
      each === undefined ? [] : [[name, fromJson(each)] as const],
    ),
  );
}

/** What is wrong with a template, or with what it was given. */
export const fault = (message: string): UsageError => new UsageError(message);

/** The kind of a value in Python's words. */
export function typeName(value: Value): string {
  if (value === null) return "NoneType";
  if (typeof value === "boolean") return "bool";
  if (typeof value === "number") return "int";
  if (typeof value === "string") return "str";
  if (value.kind === "namespace") return "Namespace";
  if (value.kind === "undefined") return "Undefined";
  return value.kind === "thing" ? "object" : value.kind;
}

export function isTrue(value: Value): boolean {
  if (value === null || typeof value === "boolean") return value === true;
  if (typeof value === "number") return value !== 0;
  if (typeof value === "string") return value !== "";
  switch (value.kind) {
    case "float":
      return value.value !== 0;
    case "list":
      return value.view ? value.view.at(0) !== undefined : value.items.length > 0;
    case "tuple":
      return value.items.length > 0;
    case "dict":
      return value.entries.size > 0;
    case "undefined":
      return false;
    case "generator":
      return !value.hasLength || value.items.length > 0;
    case "thing":
      return value.text !== "";
    case "namespace":
    case "function":
      return true;
  }
}

/** The number of a value that counts as one; undefined of others. */
export function numberOf(value: Value): number | undefined {
  if (typeof value === "number") return value;
  if (typeof value === "boolean") return Number(value);
  return value !== null && typeof value === "object" && value.kind === "float"
    ? value.value
    : undefined;
}

export const isFloat = (value: Value): value is Float =>
  value !== null && typeof value === "object" && value.kind === "float";

export const isUndefined = (value: unknown): value is Undefined =>
  value !== null && typeof value === "object" && "kind" in value && value.kind === "undefined";

/** The items of what can be gone through. */
export function itemsOf(value: Value): readonly Value[] {
  if (typeof value === "string") return Array.from(value);
  if (value !== null && typeof value === "object") {
    switch (value.kind) {
      case "list":
      case "tuple":
      case "generator":
        return value.items;
      case "dict":
        return [...value.entries.keys()];
      case "undefined":
        return [];
      case "float":
      case "namespace":
      case "function":
      case "thing":
        break;
    }
  }
  throw fault(`'${typeName(value)}' object is not iterable`);
}

/** How many items there are, or characters. */
export function lengthOf(value: Value): number {
  if (typeof value === "string") return Array.from(value).length;
  if (value !== null && typeof value === "object") {
    if (value.kind === "list" || value.kind === "tuple") return value.items.length;
    if (value.kind === "dict") return value.entries.size;
    if (value.kind === "undefined") return 0;
    if (value.kind === "generator" && value.hasLength) return value.items.length;
  }
  throw fault(`object of type '${typeName(value)}' has no len()`);
}

/** What stands under a key. */
export function entryOf({ entries }: Dict, key: Value): Value | undefined {
  return entries.get(isFloat(key) ? key.value : key);
}

/** What was given in a place, or by name. */
export const given = ({ args, named }: Arguments, place: number, name: string): Value | undefined =>
  place < args.length ? args[place] : named.get(name);

/** The same as text, as a whole number, as yes or no. */
export function givenText(from: Arguments, place: number, name: string): string | undefined {
  const value = given(from, place, name) ?? undefined;
  if (value === undefined || typeof value === "string") return value;
  throw fault(`"${name}" must be str, not ${typeName(value)}`);
}

export function givenInt(from: Arguments, place: number, name: string): number | undefined {
  const value = given(from, place, name) ?? undefined;
  if (value === undefined) return undefined;
  const number = numberOf(value);
  if (number === undefined || isFloat(value))
    throw fault(`"${name}" must be int, not ${typeName(value)}`);
  return number;
}

export const givenFlag = (from: Arguments, place: number, name: string): boolean =>
  isTrue(given(from, place, name) ?? false);

/** A value, which may be null, or another one where there is none. */
export const orElse = (value: Value | undefined, other: Value): Value =>
  value === undefined ? other : value;
