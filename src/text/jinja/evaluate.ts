/** @file The values of expressions. */

import type { Expression, Given, Named } from "./syntax/ast.ts";
import { attribute, item, slice } from "./values/attributes.ts";
import { filterOf } from "./values/filters.ts";
import { checkDefined, holds, operate } from "./values/operators.ts";
import { str } from "./values/python-text.ts";
import type { Scope } from "./scope.ts";
import { PROMPT_VARIABLE } from "./scope.ts";
import { testOf } from "./values/tests.ts";
import {
  type Arguments,
  dict,
  fault,
  float,
  isFloat,
  isTrue,
  itemsOf,
  list,
  numberOf,
  tuple,
  typeName,
  undefinedValue,
  type Value,
} from "./values/value.ts";

/** @throws {UsageError} if Python has no such operation, or there is no filter or test of the name. */
export function evaluate(expression: Expression, scope: Scope): Value {
  const value = (inner: Expression) => evaluate(inner, scope);
  switch (expression.type) {
    case "constant":
      return expression.value;
    case "name":
      return scope.get(expression.name) ?? missing(expression.name, scope);
    case "list":
      return list(expression.items.map(value));
    case "tuple":
      return tuple(expression.items.map(value));
    case "dict":
      return dict(expression.entries.map(([key, each]) => [keyOf(value(key)), value(each)]));
    case "attribute":
      return attribute(value(expression.object), expression.name);
    case "item":
      return item(value(expression.object), value(expression.key));
    case "slice":
      return slice(
        value(expression.object),
        expression.bounds.map((bound) => bound && value(bound)),
      );
    case "call":
      return call(value(expression.callee), argumentsOf(expression.given, scope));
    case "filter":
      return filtered(value(expression.operand), expression.filter, scope);
    case "test":
      return tested(expression.operand, expression.test, scope);
    case "binary":
      return operate(expression.operator, value(expression.left), value(expression.right));
    case "compare":
      return compared(expression.first, expression.rest, scope);
    case "and": {
      const left = value(expression.left);
      return isTrue(left) ? value(expression.right) : left;
    }
    case "or": {
      const left = value(expression.left);
      return isTrue(left) ? left : value(expression.right);
    }
    case "not":
      return !isTrue(value(expression.operand));
    case "negative":
    case "positive":
      return signed(value(expression.operand), expression.type === "negative" ? -1 : 1);
    case "if":
      if (isTrue(value(expression.test))) return value(expression.value);
      return expression.otherwise
        ? value(expression.otherwise)
        : undefinedValue(
            "the inline if-expression evaluated to false and no else section was defined",
          );
  }
}

/** Null is a value, which a map cannot tell from none. */
const missing = (name: string, scope: Scope): Value =>
  scope.get(name) === null ? null : undefinedValue(`'${name}' is undefined`);

function keyOf(key: Value): Value {
  if (key !== null && typeof key === "object" && key.kind !== "float") {
    throw fault(`unhashable type: '${typeName(key)}'`);
  }
  return isFloat(key) ? key.value : key;
}

function call(callee: Value, given: Arguments): Value {
  checkDefined(callee);
  if (callee !== null && typeof callee === "object" && callee.kind === "function") {
    return callee.call(given);
  }
  throw fault(`'${typeName(callee)}' object is not callable`);
}

function argumentsOf(given: Given, scope: Scope): Arguments {
  const spread = given.spread ? itemsOf(evaluate(given.spread, scope)) : [];
  const named = new Map(given.named.map(([name, each]) => [name, evaluate(each, scope)]));
  const spreadNamed = given.spreadNamed ? evaluate(given.spreadNamed, scope) : undefined;
  if (spreadNamed !== null && typeof spreadNamed === "object" && spreadNamed.kind === "dict") {
    for (const [name, value] of spreadNamed.entries) named.set(str(name), value);
  }
  return { args: [...given.args.map((each) => evaluate(each, scope)), ...spread], named };
}

/** The value of a filter on a value. */
export const filtered = (value: Value, filter: Named, scope: Scope): Value =>
  filterOf(filter.name)(value, argumentsOf(filter, scope));

function tested(operand: Expression, { name, ...given }: Named, scope: Scope): boolean {
  const test = testOf(name);
  const asksWhetherThere = name === "defined" || name === "undefined";
  if (asksWhetherThere && operand.type === "name" && operand.name === PROMPT_VARIABLE) {
    // It always is, which is not to be taken for a look at its value.
    return name === "defined";
  }
  const value = evaluate(operand, scope);
  const [argument = null] = argumentsOf(given, scope).args;
  return test(value, argument);
}

/** As Python chains comparisons: a < b < c is a < b and b < c. */
function compared(
  first: Expression,
  rest: readonly (readonly [operator: string, right: Expression])[],
  scope: Scope,
): boolean {
  let left = evaluate(first, scope);
  for (const [operator, expression] of rest) {
    const right = evaluate(expression, scope);
    if (!holds(operator, left, right)) return false;
    left = right;
  }
  return true;
}

function signed(value: Value, sign: number): Value {
  const number = numberOf(value);
  checkDefined(value);
  if (number === undefined)
    throw fault(`bad operand type for unary operator: '${typeName(value)}'`);
  // Whole numbers have no zero below zero.
  return isFloat(value) ? float(sign * number) : sign * number + 0;
}
