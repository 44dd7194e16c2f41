/** @file Templates: texts, and what stands in tags. Tags that transformers' environment does not have are refused by name. */

import type { Block, Named, Parameter, Statement, Target } from "./ast.ts";
import { type Cursor, cursorOver } from "./cursor.ts";
import { parseExpression, parseFilter, parseTuple } from "./expression-parser.ts";
import { tokenize } from "./lexer.ts";
import { fault } from "../values/value.ts";

/** @throws {UsageError} if it is no template. */
export function parseTemplate(source: string): Block {
  const cursor = cursorOver(tokenize(source));
  const { body, end } = parseBlock(cursor, []);
  if (end !== "") throw fault(`unexpected ${end}`);
  return body;
}

interface Parsed {
  readonly body: Block;
  /** The word that ended it; the tag is still open. */
  readonly end: string;
}

/** Statements up to one of some tags, or to the end of the template. */
function parseBlock(cursor: Cursor, ends: readonly string[]): Parsed {
  const body: Statement[] = [];
  for (let token = cursor.peek(); token; token = cursor.peek()) {
    cursor.next();
    if (token.type === "text") body.push({ type: "text", text: token.value });
    else if (token.value === "print") {
      body.push({ type: "print", value: parseTuple(cursor) });
      endTag(cursor);
    } else {
      const word = cursor.name();
      if (ends.includes(word)) return { body, end: word };
      const parse = Object.hasOwn(TAGS, word) ? TAGS[word] : undefined;
      if (!parse) throw fault(`line ${token.line}: no tag of this name; got "${word}"`);
      body.push(parse(cursor));
    }
  }
  if (ends.length > 0) throw fault(`the template ends before ${ends.join(" or ")}`);
  return { body, end: "" };
}

function endTag(cursor: Cursor): void {
  if (!cursor.isEnd()) throw cursor.unexpected();
  cursor.next();
}

/** A block up to one tag, with the ends of both. */
function parseBody(cursor: Cursor, end: string): Block {
  endTag(cursor);
  const { body } = parseBlock(cursor, [end]);
  // The name of a macro may be said once more.
  if (cursor.peek()?.type === "name") cursor.next();
  endTag(cursor);
  return body;
}

const TAGS: Readonly<Record<string, (cursor: Cursor) => Statement>> = {
  if: parseIf,
  for: parseFor,
  set: parseSet,
  macro(cursor) {
    const name = cursor.name();
    const parameters = parseParameters(cursor);
    return { type: "macro", name, parameters, body: parseBody(cursor, "endmacro") };
  },
  call(cursor) {
    const parameters = cursor.is("(") ? parseParameters(cursor) : [];
    const call = parseExpression(cursor);
    return { type: "call block", call, parameters, body: parseBody(cursor, "endcall") };
  },
  filter(cursor) {
    const filters = [parseFilter(cursor), ...parseBars(cursor)];
    return { type: "filter block", filters, body: parseBody(cursor, "endfilter") };
  },
  with(cursor) {
    const values: [Target, ReturnType<typeof parseExpression>][] = [];
    while (!cursor.isEnd()) {
      if (values.length > 0) cursor.expect(",");
      const target = parseTarget(cursor);
      cursor.expect("=");
      values.push([target, parseExpression(cursor)]);
    }
    return { type: "with", values, body: parseBody(cursor, "endwith") };
  },
  generation: (cursor) => ({ type: "generation", body: parseBody(cursor, "endgeneration") }),
  break(cursor) {
    endTag(cursor);
    return { type: "break" };
  },
  continue(cursor) {
    endTag(cursor);
    return { type: "continue" };
  },
};

function parseBars(cursor: Cursor): readonly Named[] {
  const filters: Named[] = [];
  while (cursor.skip("|")) filters.push(parseFilter(cursor));
  return filters;
}

function parseIf(cursor: Cursor): Statement {
  const test = parseTuple(cursor);
  endTag(cursor);
  const { body, end } = parseBlock(cursor, ["elif", "else", "endif"]);
  if (end === "elif") return { type: "branch", test, body, otherwise: [parseIf(cursor)] };
  const otherwise = end === "else" ? parseBody(cursor, "endif") : [];
  if (end === "endif") endTag(cursor);
  return { type: "branch", test, body, otherwise };
}

function parseFor(cursor: Cursor): Statement {
  const target = parseTarget(cursor);
  cursor.expect("in");
  const iterable = parseTuple(cursor, { conditions: false });
  const test = cursor.skip("if") ? parseExpression(cursor) : undefined;
  if (cursor.is("recursive")) throw fault("a loop may not be recursive here");
  endTag(cursor);
  const { body, end } = parseBlock(cursor, ["else", "endfor"]);
  const otherwise = end === "else" ? parseBody(cursor, "endfor") : [];
  if (end === "endfor") endTag(cursor);
  return { type: "for", target, iterable, test, body, otherwise };
}

function parseSet(cursor: Cursor): Statement {
  const target = parseTarget(cursor);
  if (cursor.skip("=")) {
    const value = parseTuple(cursor);
    endTag(cursor);
    return { type: "set", target, value };
  }
  const filters = parseBars(cursor);
  return { type: "capture", target, filters, body: parseBody(cursor, "endset") };
}

function parseTarget(cursor: Cursor): Target {
  const items = [parseOneTarget(cursor)];
  let isTuple = false;
  while (cursor.skip(",")) {
    isTuple = true;
    if (cursor.is("in") || cursor.is("=")) break;
    items.push(parseOneTarget(cursor));
  }
  const [first] = items;
  return !isTuple && first ? first : { type: "tuple", items };
}

function parseOneTarget(cursor: Cursor): Target {
  if (cursor.skip("(")) {
    const inner = parseTarget(cursor);
    cursor.expect(")");
    return inner;
  }
  const name = cursor.name();
  return cursor.skip(".") ? { type: "field", name, field: cursor.name() } : { type: "name", name };
}

function parseParameters(cursor: Cursor): readonly Parameter[] {
  const parameters: Parameter[] = [];
  cursor.expect("(");
  while (!cursor.skip(")")) {
    if (parameters.length > 0) cursor.expect(",");
    const name = cursor.name();
    parameters.push({ name, byDefault: cursor.skip("=") ? parseExpression(cursor) : undefined });
  }
  return parameters;
}
