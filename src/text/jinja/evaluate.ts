/** @file The values of expressions: each becomes a function, once. */

import type { Expression, Given, Named } from "./syntax/ast.ts";
import { attribute, item, slice } from "./values/attributes.ts";
import { type Filter, filterOf } from "./values/filters.ts";
import { checkDefined, holds, operate } from "./values/operators.ts";
import { str } from "./values/python-text.ts";
import type { Scope } from "./scope.ts";
import { PROMPT_VARIABLE } from "./scope.ts";
import { type Test, testOf } from "./values/tests.ts";
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

/** The value of an expression where names have theirs. */
export type Evaluate = (scope: Scope) => Value;

/**
 * An expression as a function, so that what is said of it once is not looked at each time.
 *
 * @throws {UsageError} when it is called, if Python has no such operation, or there is no filter or test of the name.
 */
export function evaluator(expression: Expression): Evaluate {
  switch (expression.type) {
    case "constant": {
      const { value } = expression;
      return () => value;
    }
    case "name": {
      const { name } = expression;
      return (scope) => {
        const value = scope.get(name);
        return value === undefined ? undefinedValue(`'${name}' is undefined`) : value;
      };
    }
    case "list":
    case "tuple": {
      const items = expression.items.map(evaluator);
      const make = expression.type === "list" ? list : tuple;
      return (scope) => make(items.map((each) => each(scope)));
    }
    case "dict": {
      const entries = expression.entries.map(
        ([key, each]) => [evaluator(key), evaluator(each)] as const,
      );
      return (scope) => dict(entries.map(([key, each]) => [keyOf(key(scope)), each(scope)]));
    }
    case "attribute": {
      const [object, { name }] = [evaluator(expression.object), expression];
      return (scope) => attribute(object(scope), name);
    }
    case "item": {
      const [object, key] = [evaluator(expression.object), evaluator(expression.key)];
      return (scope) => item(object(scope), key(scope));
    }
    case "slice": {
      const object = evaluator(expression.object);
      const bounds = expression.bounds.map((bound) => bound && evaluator(bound));
      return (scope) =>
        slice(
          object(scope),
          bounds.map((bound) => bound?.(scope)),
        );
    }
    case "call": {
      const [callee, given] = [evaluator(expression.callee), argumentsOf(expression.given)];
      return (scope) => call(callee(scope), given(scope));
    }
    case "filter": {
      const [operand, filter] = [evaluator(expression.operand), filterer(expression.filter)];
      return (scope) => filter(operand(scope), scope);
    }
    case "test":
      return tester(expression.operand, expression.test);
    case "binary": {
      const { operator } = expression;
      const [left, right] = [evaluator(expression.left), evaluator(expression.right)];
      return (scope) => operate(operator, left(scope), right(scope));
    }
    case "compare":
      return comparison(expression.first, expression.rest);
    case "and":
    case "or": {
      const [left, right] = [evaluator(expression.left), evaluator(expression.right)];
      const goesOn = expression.type === "and";
      return (scope) => {
        const value = left(scope);
        return isTrue(value) === goesOn ? right(scope) : value;
      };
    }
    case "not": {
      const operand = evaluator(expression.operand);
      return (scope) => !isTrue(operand(scope));
    }
    case "negative":
    case "positive": {
      const operand = evaluator(expression.operand);
      const sign = expression.type === "negative" ? -1 : 1;
      return (scope) => signed(operand(scope), sign);
    }
    case "if": {
      const [test, value] = [evaluator(expression.test), evaluator(expression.value)];
      const otherwise = expression.otherwise ? evaluator(expression.otherwise) : NO_ELSE;
      return (scope) => (isTrue(test(scope)) ? value(scope) : otherwise(scope));
    }
  }
}

const NO_ELSE: Evaluate = () =>
  undefinedValue("the inline if-expression evaluated to false and no else section was defined");

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

const NONE: ReadonlyMap<string, Value> = new Map();

function argumentsOf(given: Given): (scope: Scope) => Arguments {
  const args = given.args.map(evaluator);
  const named = given.named.map(([name, each]) => [name, evaluator(each)] as const);
  const spread = given.spread && evaluator(given.spread);
  const spreadNamed = given.spreadNamed && evaluator(given.spreadNamed);
  if (!spread && !spreadNamed && named.length === 0) {
    return (scope) => ({ args: args.map((each) => each(scope)), named: NONE });
  }
  return (scope) => {
    const more = spread ? itemsOf(spread(scope)) : [];
    const all = new Map(named.map(([name, each]) => [name, each(scope)]));
    const others = spreadNamed?.(scope);
    if (others !== null && typeof others === "object" && others.kind === "dict") {
      for (const [name, value] of others.entries) all.set(str(name), value);
    }
    return { args: [...args.map((each) => each(scope)), ...more], named: all };
  };
}

/** A filter with its arguments, as a function of the value. */
export function filterer(filter: Named): (value: Value, scope: Scope) => Value {
  const [{ name }, given] = [filter, argumentsOf(filter)];
  let found: Filter | undefined;
  return (value, scope) => {
    found ??= filterOf(name);
    return found(value, given(scope));
  };
}

function tester(operand: Expression, { name, ...given }: Named): Evaluate {
  const asksWhetherThere = name === "defined" || name === "undefined";
  if (asksWhetherThere && operand.type === "name" && operand.name === PROMPT_VARIABLE) {
    // It always is, which is not to be taken for a look at its value.
    return () => name === "defined";
  }
  const [value, argument] = [evaluator(operand), argumentsOf(given)];
  let test: Test | undefined;
  return (scope) => {
    test ??= testOf(name);
    const tested = value(scope);
    const [first = null] = argument(scope).args;
    return test(tested, first);
  };
}

/** As Python chains comparisons: a < b < c is a < b and b < c. */
function comparison(
  first: Expression,
  rest: readonly (readonly [operator: string, right: Expression])[],
): Evaluate {
  const start = evaluator(first);
  const others = rest.map(([operator, right]) => [operator, evaluator(right)] as const);
  return (scope) => {
    let left = start(scope);
    for (const [operator, each] of others) {
      const right = each(scope);
      if (!holds(operator, left, right)) return false;
      left = right;
    }
    return true;
  };
}

function signed(value: Value, sign: number): Value {
  const number = numberOf(value);
  checkDefined(value);
  if (number === undefined)
    throw fault(`bad operand type for unary operator: '${typeName(value)}'`);
  // Whole numbers have no zero below zero.
  return isFloat(value) ? float(sign * number) : sign * number + 0;
}
