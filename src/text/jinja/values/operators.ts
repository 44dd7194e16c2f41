/** @file Python's operators on the values of a template. */

import { formatted } from "./format-text.ts";
import { compareText, str } from "./python-text.ts";
import {
  entryOf,
  fault,
  float,
  isFloat,
  isUndefined,
  itemsOf,
  list,
  numberOf,
  tuple,
  typeName,
  type Value,
} from "./value.ts";

/** Whether two values are equal, as Python's == has it. */
export function equals(a: Value, b: Value): boolean {
  if (typeof a === "string" || typeof b === "string") return a === b;
  const [x, y] = [numberOf(a), numberOf(b)];
  if (x !== undefined || y !== undefined) return x === y;
  if (a === null || b === null || typeof a !== "object" || typeof b !== "object") return a === b;
  if (a.kind === "undefined" || b.kind === "undefined") return a.kind === b.kind;
  if ((a.kind === "list" || a.kind === "tuple") && a.kind === b.kind) {
    const others = b.items;
    return (
      a.items.length === others.length &&
      a.items.every((item, i) => equals(item, others[i] ?? null))
    );
  }
  if (a.kind === "dict" && b.kind === "dict") {
    return (
      a.entries.size === b.entries.size &&
      [...a.entries].every(([key, value]) => {
        const other = entryOf(b, key);
        return other !== undefined && equals(value, other);
      })
    );
  }
  return a === b;
}

/** Below 0 if a comes before b. @throws {UsageError} if they have no order. */
export function compare(a: Value, b: Value, operator = "<"): number {
  const [x, y] = [numberOf(a), numberOf(b)];
  if (x !== undefined && y !== undefined) return x - y;
  if (typeof a === "string" && typeof b === "string") return compareText(a, b);
  const isSequence = (value: Value) =>
    value !== null && typeof value === "object" && ["list", "tuple"].includes(value.kind);
  if (isSequence(a) && isSequence(b) && typeName(a) === typeName(b)) {
    const [left, right] = [itemsOf(a), itemsOf(b)];
    for (const [i, item] of left.entries()) {
      const other = right[i];
      if (other === undefined) return 1;
      if (!equals(item, other)) return compare(item, other, operator);
    }
    return left.length - right.length;
  }
  checkDefined(a, b);
  throw fault(
    `'${operator}' not supported between instances of '${typeName(a)}' and '${typeName(b)}'`,
  );
}

/** Whether a comparison holds. */
export function holds(operator: string, a: Value, b: Value): boolean {
  switch (operator) {
    case "==":
      return equals(a, b);
    case "!=":
      return !equals(a, b);
    case "in":
      return contains(b, a);
    case "not in":
      return !contains(b, a);
    case "<":
      return compare(a, b, operator) < 0;
    case "<=":
      return compare(a, b, operator) <= 0;
    case ">":
      return compare(a, b, operator) > 0;
    default:
      return compare(a, b, operator) >= 0;
  }
}

function contains(container: Value, item: Value): boolean {
  if (typeof container === "string") {
    if (typeof item === "string") return container.includes(item);
    checkDefined(item);
    throw fault(`'in <string>' requires string as left operand, not ${typeName(item)}`);
  }
  if (container !== null && typeof container === "object" && container.kind === "dict") {
    return entryOf(container, item) !== undefined;
  }
  if (container === null || typeof container !== "object") {
    throw fault(`argument of type '${typeName(container)}' is not iterable`);
  }
  return itemsOf(container).some((each) => equals(each, item));
}

/** The value of a binary operator. @throws {UsageError} if it is not for these. */
export function operate(operator: string, a: Value, b: Value): Value {
  if (operator === "+" && typeof a === "string" && typeof b === "string") return a + b;
  if (operator === "~") return str(a) + str(b);
  const [x, y] = [numberOf(a), numberOf(b)];
  if (x !== undefined && y !== undefined) {
    const value = arithmetic(operator, x, y);
    const isReal = operator === "/" || isFloat(a) || isFloat(b) || (operator === "**" && y < 0);
    return isReal ? float(value) : value + 0;
  }
  if (operator === "+") {
    if (a !== null && b !== null && typeof a === "object" && typeof b === "object") {
      if (a.kind === "list" && b.kind === "list") return list([...a.items, ...b.items]);
      if (a.kind === "tuple" && b.kind === "tuple") return tuple([...a.items, ...b.items]);
    }
  }
  if (operator === "*") {
    const repeated = x === undefined ? repeat(a, y) : repeat(b, x);
    if (repeated !== undefined) return repeated;
  }
  if (operator === "%" && typeof a === "string") return formatted(a, b);
  checkDefined(a, b);
  throw fault(`unsupported operand type(s) for ${operator}: '${typeName(a)}' and '${typeName(b)}'`);
}

function repeat(value: Value, count: number | undefined): Value | undefined {
  if (count === undefined || !Number.isInteger(count)) return undefined;
  const times = Math.max(0, count);
  if (typeof value === "string") return value.repeat(times);
  if (value === null || typeof value !== "object" || value.kind !== "list") return undefined;
  return list(Array.from({ length: times }, () => value.items).flat());
}

function arithmetic(operator: string, x: number, y: number): number {
  if (["/", "//", "%"].includes(operator) && y === 0) throw fault("division by zero");
  switch (operator) {
    case "+":
      return x + y;
    case "-":
      return x - y;
    case "*":
      return x * y;
    case "/":
      return x / y;
    case "//":
      return Math.floor(x / y);
    case "%": {
      const rest = x % y;
      return rest !== 0 && rest < 0 !== y < 0 ? rest + y : rest;
    }
    default:
      return x ** y;
  }
}

/** @throws {UsageError} if one is undefined, saying why. */
export function checkDefined(...values: readonly Value[]): void {
  const missing = values.find(isUndefined);
  if (missing && isUndefined(missing)) throw fault(missing.why);
}
