/**
 * @file A template as tokens, as Jinja2 reads it for transformers: with trim_blocks, lstrip_blocks, and without the line break at the
 * end.
 */

import { fault } from "../values/value.ts";

export interface Token {
  readonly type: "text" | "begin" | "end" | "name" | "string" | "int" | "float" | "operator";
  /** Of begin and end: "block" or "print". */
  readonly value: string;
  readonly line: number;
}

const OPENING = /\{([%{#])([-+]?)/g;
const OPERATORS = /(?:\/\/|\*\*|[=!<>]=|[-+*/%~[\](){}=<>.:|,;])/y;
const NAME = /[\p{L}\p{Nl}_][\p{L}\p{Nl}\p{Mn}\p{Mc}\p{Nd}\p{Pc}]*/uy;
const FLOAT = /(?:\d+_)*\d+(?:(?:\.(?:\d+_)*\d+)?e[-+]?(?:\d+_)*\d+|\.(?:\d+_)*\d+)/iy;
const INT = /0[bB](?:_?[01])+|0[oO](?:_?[0-7])+|0[xX](?:_?[\da-fA-F])+|[1-9](?:_?\d)*|0(?:_?0)*/y;
const STRING = /'([^'\\]*(?:\\.[^'\\]*)*)'|"([^"\\]*(?:\\.[^"\\]*)*)"/sy;
const SPACES = /\s+/y;
const RAW = /\{%[-+]?\s*raw\s*(-%\}\s*|%\}\n?)/y;
const RAW_END = /\{%([-+]?)\s*endraw\s*(?:\+%\}|-%\}\s*|%\}\n?)/g;
const COMMENT_END = /\+#\}|-#\}\s*|#\}\n?/g;
const BLOCK_END = /\+%\}|-%\}\s*|%\}\n?/y;
const PRINT_END = /-\}\}\s*|\}\}/y;

/** @throws {UsageError} if something is no token, or does not end. */
export function tokenize(template: string): readonly Token[] {
  const source = template.replaceAll(/\r\n?/g, "\n").replace(/\n$/, "");
  const tokens: Token[] = [];
  let at = 0;
  const lineAt = (position: number) => source.slice(0, position).split("\n").length;
  const add = (type: Token["type"], value: string, position = at) =>
    tokens.push({ type, value, line: lineAt(position) });
  const match = (pattern: RegExp, from: number) => {
    pattern.lastIndex = from;
    return pattern.exec(source);
  };
  const text = (from: number, to: number, sign: string, stripsLine: boolean) => {
    const part = withoutEnd(source.slice(from, to), sign, {
      stripsLine,
      startsLine: from === 0 || source[from - 1] === "\n",
    });
    if (part !== "") add("text", part, from);
  };

  while (at < source.length) {
    const opening = match(OPENING, at);
    if (!opening) {
      add("text", source.slice(at));
      break;
    }
    const [mark, kind = "", sign = ""] = opening;
    text(at, opening.index, sign, kind !== "{");
    at = opening.index;
    const raw = kind === "%" ? match(RAW, at) : null;
    if (raw) {
      const start = at + raw[0].length;
      const end = match(RAW_END, start);
      if (!end) throw fault(`line ${lineAt(at)}: raw without endraw`);
      text(start, end.index, end[1] ?? "", true);
      at = end.index + end[0].length;
    } else if (kind === "#") {
      const end = match(COMMENT_END, at + mark.length);
      if (!end) throw fault(`line ${lineAt(at)}: a comment that does not end`);
      at = end.index + end[0].length;
    } else {
      const word = kind === "%" ? "block" : "print";
      add("begin", word);
      at = inside(at + mark.length, kind === "%" ? BLOCK_END : PRINT_END, word);
    }
  }
  return tokens;

  /** The tokens up to an end; returns where that is over. */
  function inside(from: number, ending: RegExp, word: string): number {
    let depth = 0;
    at = from;
    for (;;) {
      at += match(SPACES, at)?.[0].length ?? 0;
      if (at >= source.length) throw fault(`line ${lineAt(from)}: a tag that does not end`);
      const end = depth === 0 ? match(ending, at) : null;
      if (end) {
        add("end", word);
        return at + end[0].length;
      }
      const found = tokenAt();
      if (found.type === "operator" && "([{".includes(found.value)) depth += 1;
      if (found.type === "operator" && ")]}".includes(found.value)) depth -= 1;
      add(found.type, found.value);
      at += found.length;
    }
  }

  function tokenAt(): Pick<Token, "type" | "value"> & { readonly length: number } {
    const float = match(FLOAT, at);
    if (float && tokens.at(-1)?.value !== ".") {
      return { type: "float", value: float[0], length: float[0].length };
    }
    const int = match(INT, at);
    if (int) return { type: "int", value: int[0], length: int[0].length };
    const name = match(NAME, at);
    if (name) return { type: "name", value: name[0], length: name[0].length };
    const string = match(STRING, at);
    if (string) {
      const content = string[1] ?? string[2] ?? "";
      return { type: "string", value: unescaped(content), length: string[0].length };
    }
    const operator = match(OPERATORS, at);
    if (operator) return { type: "operator", value: operator[0], length: operator[0].length };
    throw fault(`line ${lineAt(at)}: unexpected ${JSON.stringify(source[at])}`);
  }
}

/** The text before a tag, which takes white space away before a minus, and on its own line without a sign. */
function withoutEnd(
  text: string,
  sign: string,
  { stripsLine, startsLine }: { readonly stripsLine: boolean; readonly startsLine: boolean },
): string {
  if (sign === "-") return text.trimEnd();
  if (sign === "+" || !stripsLine) return text;
  const line = text.lastIndexOf("\n") + 1;
  return (line > 0 || startsLine) && /^\s+$/.test(text.slice(line)) ? text.slice(0, line) : text;
}

const SIMPLE: Readonly<Record<string, string>> = {
  "\n": "",
  "\\": "\\",
  "'": "'",
  '"': '"',
  a: "\u0007",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
};

/** Python's escapes; a backslash before any other character stays. */
const unescaped = (text: string): string =>
  text.replaceAll(
    /\\(?:x([\da-fA-F]{2})|u([\da-fA-F]{4})|U([\da-fA-F]{8})|([0-7]{1,3})|(.))/gs,
    (whole, x?: string, u?: string, long?: string, octal?: string, other: string = "") => {
      const digits = x ?? u ?? long;
      if (digits !== undefined) return String.fromCodePoint(parseInt(digits, 16));
      if (octal !== undefined) return String.fromCodePoint(parseInt(octal, 8));
      return SIMPLE[other] ?? whole;
    },
  );
