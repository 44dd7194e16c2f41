/** @file Expressions, with the precedence that they have in Jinja2. */

import type { Expression, Given, Named } from "./ast.ts";
import type { Cursor } from "./cursor.ts";
import { float } from "../values/value.ts";

/** What may be left out where an expression could go on. */
export interface ExpressionOptions {
  /** Whether `if` may follow; not in what a loop goes through. */
  readonly conditions?: boolean;
}

/** One expression, or several with commas between, which are a tuple. */
export function parseTuple(cursor: Cursor, options: ExpressionOptions = {}): Expression {
  const first = parseExpression(cursor, options);
  if (!cursor.is(",")) return first;
  const items = [first];
  while (cursor.skip(",")) {
    if (cursor.isEnd() || cursor.is(")") || cursor.is("=") || cursor.is("in")) break;
    items.push(parseExpression(cursor, options));
  }
  return { type: "tuple", items };
}

export function parseExpression(
  cursor: Cursor,
  { conditions = true }: ExpressionOptions = {},
): Expression {
  let found = parseOr(cursor);
  if (!conditions) return found;
  while (cursor.skip("if")) {
    const test = parseOr(cursor);
    const otherwise = cursor.skip("else") ? parseExpression(cursor) : undefined;
    found = { type: "if", test, value: found, otherwise };
  }
  return found;
}

function parseOr(cursor: Cursor): Expression {
  let left = parseAnd(cursor);
  while (cursor.skip("or")) left = { type: "or", left, right: parseAnd(cursor) };
  return left;
}

function parseAnd(cursor: Cursor): Expression {
  let left = parseNot(cursor);
  while (cursor.skip("and")) left = { type: "and", left, right: parseNot(cursor) };
  return left;
}

function parseNot(cursor: Cursor): Expression {
  return cursor.skip("not") ? { type: "not", operand: parseNot(cursor) } : parseCompare(cursor);
}

const COMPARISONS = ["==", "!=", "<=", ">=", "<", ">"];

function parseCompare(cursor: Cursor): Expression {
  const first = parseSum(cursor);
  const rest: (readonly [string, Expression])[] = [];
  for (;;) {
    const operator = COMPARISONS.find((each) => cursor.is(each));
    if (operator !== undefined) {
      cursor.next();
      rest.push([operator, parseSum(cursor)]);
    } else if (cursor.skip("in")) {
      rest.push(["in", parseSum(cursor)]);
    } else if (cursor.is("not") && cursor.peek(1)?.value === "in") {
      cursor.next();
      cursor.next();
      rest.push(["not in", parseSum(cursor)]);
    } else {
      return rest.length === 0 ? first : { type: "compare", first, rest };
    }
  }
}

/** Operators of one precedence, from left to right. */
const leftToRight =
  (operators: readonly string[], operand: (cursor: Cursor) => Expression) =>
  (cursor: Cursor): Expression => {
    let left = operand(cursor);
    for (;;) {
      const operator = operators.find((each) => cursor.is(each));
      if (operator === undefined) return left;
      cursor.next();
      left = { type: "binary", operator, left, right: operand(cursor) };
    }
  };

const parsePower = leftToRight(["**"], (cursor) => parseUnary(cursor, true));
const parseProduct = leftToRight(["*", "/", "//", "%"], parsePower);
const parseConcatenation = leftToRight(["~"], parseProduct);
const parseSum = leftToRight(["+", "-"], parseConcatenation);

function parseUnary(cursor: Cursor, withFilters: boolean): Expression {
  let found: Expression;
  if (cursor.skip("-")) found = { type: "negative", operand: parseUnary(cursor, false) };
  else if (cursor.skip("+")) found = { type: "positive", operand: parseUnary(cursor, false) };
  else found = parsePrimary(cursor);
  found = parsePostfix(cursor, found);
  return withFilters ? parseFilters(cursor, found) : found;
}

const CONSTANTS: Readonly<Record<string, boolean | null>> = {
  true: true,
  True: true,
  false: false,
  False: false,
  none: null,
  None: null,
};

function parsePrimary(cursor: Cursor): Expression {
  const token = cursor.peek();
  if (token?.type === "name") {
    const name = cursor.name();
    return Object.hasOwn(CONSTANTS, name)
      ? { type: "constant", value: CONSTANTS[name] ?? null }
      : { type: "name", name };
  }
  if (token?.type === "string") {
    let value = "";
    while (cursor.peek()?.type === "string") value += cursor.next().value;
    return { type: "constant", value };
  }
  if (token?.type === "int") {
    return { type: "constant", value: Number(cursor.next().value.replaceAll("_", "")) };
  }
  if (token?.type === "float") {
    return { type: "constant", value: float(Number(cursor.next().value.replaceAll("_", ""))) };
  }
  if (cursor.skip("(")) {
    if (cursor.skip(")")) return { type: "tuple", items: [] };
    const inner = parseTuple(cursor);
    cursor.expect(")");
    return inner;
  }
  if (cursor.skip("[")) return { type: "list", items: separated(cursor, "]", parseExpression) };
  if (cursor.skip("{")) {
    const entries = separated(cursor, "}", (at) => {
      const key = parseExpression(at);
      at.expect(":");
      return [key, parseExpression(at)] as const;
    });
    return { type: "dict", entries };
  }
  throw cursor.unexpected();
}

function separated<T>(cursor: Cursor, end: string, parse: (cursor: Cursor) => T): readonly T[] {
  const items: T[] = [];
  while (!cursor.skip(end)) {
    if (items.length > 0) {
      cursor.expect(",");
      if (cursor.skip(end)) break;
    }
    items.push(parse(cursor));
  }
  return items;
}

function parsePostfix(cursor: Cursor, start: Expression): Expression {
  let found = start;
  for (;;) {
    if (cursor.skip(".")) {
      const object = found;
      const token = cursor.next();
      if (token.type === "name") found = { type: "attribute", object, name: token.value };
      else if (token.type === "int") {
        found = { type: "item", object, key: { type: "constant", value: Number(token.value) } };
      } else throw cursor.unexpected();
    } else if (cursor.skip("[")) found = parseSubscript(cursor, found);
    else if (cursor.is("(")) found = { type: "call", callee: found, given: parseGiven(cursor) };
    else return found;
  }
}

function parseSubscript(cursor: Cursor, object: Expression): Expression {
  const bounds: (Expression | undefined)[] = [];
  const bound = () => (cursor.is(":") || cursor.is("]") ? undefined : parseExpression(cursor));
  bounds.push(bound());
  while (cursor.skip(":")) bounds.push(bound());
  cursor.expect("]");
  const [key] = bounds;
  if (bounds.length === 1 && key) return { type: "item", object, key };
  if (bounds.length === 1 || bounds.length > 3) throw cursor.unexpected();
  return { type: "slice", object, bounds };
}

/** Arguments in parentheses. */
export function parseGiven(cursor: Cursor): Given {
  cursor.expect("(");
  let spread: Expression | undefined;
  let spreadNamed: Expression | undefined;
  const named: (readonly [string, Expression])[] = [];
  const args: Expression[] = [];
  separated(cursor, ")", (at) => {
    if (at.skip("**")) spreadNamed = parseExpression(at);
    else if (at.skip("*")) spread = parseExpression(at);
    else if (at.peek()?.type === "name" && at.peek(1)?.value === "=") {
      const name = at.name();
      at.expect("=");
      named.push([name, parseExpression(at)]);
    } else args.push(parseExpression(at));
  });
  return { args, named, ...(spread && { spread }), ...(spreadNamed && { spreadNamed }) };
}

const NOTHING: Given = { args: [], named: [] };

function parseFilters(cursor: Cursor, start: Expression): Expression {
  let found = start;
  for (;;) {
    if (cursor.skip("|")) found = { type: "filter", operand: found, filter: parseFilter(cursor) };
    else if (cursor.skip("is")) found = parseTest(cursor, found);
    else if (cursor.is("(")) found = { type: "call", callee: found, given: parseGiven(cursor) };
    else return found;
  }
}

/** A filter, after its bar. */
export function parseFilter(cursor: Cursor): Named {
  let name = cursor.name();
  while (cursor.skip(".")) name += `.${cursor.name()}`;
  return { name, ...(cursor.is("(") ? parseGiven(cursor) : NOTHING) };
}

/** Words that end a test where its argument could stand. */
const AFTER_TEST = ["else", "or", "and", "is"];

function parseTest(cursor: Cursor, operand: Expression): Expression {
  const isNegated = cursor.skip("not");
  const name = cursor.name();
  let given = NOTHING;
  const token = cursor.peek();
  if (cursor.is("(")) given = parseGiven(cursor);
  else if (token && takesArgument(token)) {
    given = { args: [parsePostfix(cursor, parsePrimary(cursor))], named: [] };
  }
  const found: Expression = { type: "test", operand, test: { name, ...given } };
  return isNegated ? { type: "not", operand: found } : found;
}

const takesArgument = ({
  type,
  value,
}: {
  readonly type: string;
  readonly value: string;
}): boolean =>
  type === "name"
    ? !AFTER_TEST.includes(value)
    : ["string", "int", "float"].includes(type) || (type === "operator" && "[{".includes(value));
