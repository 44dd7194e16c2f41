/** @file What may stand after `is`. */

import { compare, equals, holds } from "./operators.ts";
import { str } from "./python-text.ts";
import { fault, isFloat, isUndefined, numberOf, type Value } from "./value.ts";

/** By name; the arguments come after the value. */
export type Test = (value: Value, argument: Value) => boolean;

const kindOf = (value: Value): string | undefined =>
  value !== null && typeof value === "object" ? value.kind : undefined;

const isOneOf = (value: Value, ...kinds: readonly string[]): boolean =>
  kinds.includes(kindOf(value) ?? "");

const rest = (value: Value, by: Value): number => {
  const [x, y] = [numberOf(value), numberOf(by)];
  if (x === undefined || y === undefined) throw fault("a number is needed");
  return ((x % y) + y) % y;
};

/** A text, also one that is marked as safe. */
const isText = (value: Value): boolean =>
  typeof value === "string" ||
  (value !== null &&
    typeof value === "object" &&
    value.kind === "thing" &&
    value.text !== undefined);

const isInteger = (value: Value): boolean => typeof value === "number";
const hasCase = (text: string): boolean => text.toLowerCase() !== text.toUpperCase();

const COMPARISONS: Readonly<Record<string, Test>> = {
  "==": equals,
  "!=": (a, b) => !equals(a, b),
  "<": (a, b) => compare(a, b, "<") < 0,
  "<=": (a, b) => compare(a, b, "<=") <= 0,
  ">": (a, b) => compare(a, b, ">") > 0,
  ">=": (a, b) => compare(a, b, ">=") >= 0,
};

const named = (operator: keyof typeof COMPARISONS): Test => COMPARISONS[operator] ?? equals;

const TESTS: Readonly<Record<string, Test>> = {
  ...COMPARISONS,
  boolean: (value) => typeof value === "boolean",
  callable: (value) => isOneOf(value, "function", "undefined"),
  defined: (value) => !isUndefined(value),
  divisibleby: (value, by) => rest(value, by) === 0,
  eq: named("=="),
  equalto: named("=="),
  even: (value) => rest(value, 2) === 0,
  false: (value) => value === false,
  float: isFloat,
  ge: named(">="),
  greaterthan: named(">"),
  gt: named(">"),
  in: (value, container) => holds("in", value, container),
  integer: isInteger,
  iterable: (value) =>
    isText(value) || isOneOf(value, "list", "tuple", "dict", "generator", "undefined"),
  le: named("<="),
  lessthan: named("<"),
  lower: (value) => hasCase(str(value)) && str(value) === str(value).toLowerCase(),
  lt: named("<"),
  mapping: (value) => isOneOf(value, "dict"),
  ne: named("!="),
  none: (value) => value === null,
  number: (value) => numberOf(value) !== undefined,
  odd: (value) => rest(value, 2) === 1,
  sameas: (value, other) => value === other,
  sequence: (value) => isText(value) || isOneOf(value, "list", "tuple", "dict", "undefined"),
  string: isText,
  true: (value) => value === true,
  undefined: isUndefined,
  upper: (value) => hasCase(str(value)) && str(value) === str(value).toUpperCase(),
};

/** @throws {UsageError} if there is none of the name. */
export function testOf(name: string): Test {
  const test = Object.hasOwn(TESTS, name) ? TESTS[name] : undefined;
  if (!test) throw fault(`No test named '${name}'`);
  return test;
}
