/** @file Values as Python writes them: by str and repr, and by json.dumps. */

import { fault, isFloat, isUndefined, itemsOf, typeName, type Value } from "./value.ts";

/** What Python's str.strip takes away, as a class of a regular expression. */
export const SPACE =
  "[\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]";

/** As `{{ value }}` shows it. */
export function str(value: Value): string {
  if (typeof value === "string") return value;
  if (value !== null && typeof value === "object" && value.kind === "thing") {
    if (value.text !== undefined) return value.text;
  }
  return isUndefined(value) ? "" : repr(value);
}

/** As it stands in a list that is shown. */
export function repr(value: Value): string {
  if (value === null) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (typeof value === "number") return intText(value);
  if (typeof value === "string") return quoted(value);
  switch (value.kind) {
    case "float":
      return floatText(value.value);
    case "list":
      return `[${value.items.map(repr).join(", ")}]`;
    case "tuple":
      return `(${value.items.map(repr).join(", ")}${value.items.length === 1 ? "," : ""})`;
    case "dict":
      return `{${[...value.entries].map(([key, each]) => `${repr(key)}: ${repr(each)}`).join(", ")}}`;
    case "undefined":
      return "Undefined";
    case "generator":
    case "namespace":
    case "function":
    case "thing":
      throw fault(`a '${typeName(value)}' object is not text`);
  }
}

const intText = (value: number): string =>
  Number.isSafeInteger(value) ? String(value) : BigInt(value).toString();

/** The shortest digits that read back as the number, with an exponent where Python has one. */
export function floatText(value: number): string {
  if (Number.isNaN(value)) return "nan";
  if (!Number.isFinite(value)) return value > 0 ? "inf" : "-inf";
  if (value === 0) return Object.is(value, -0) ? "-0.0" : "0.0";
  const [digits = "", exponent = "0"] = value.toExponential().split("e");
  const power = Number(exponent);
  if (power < -4 || power >= 16) {
    const sign = power < 0 ? "-" : "+";
    return `${digits}e${sign}${String(Math.abs(power)).padStart(2, "0")}`;
  }
  const decimals = Math.max(0, digits.replace(/^-?\d\.?/, "").length - power);
  return value.toFixed(Math.max(1, decimals));
}

const ESCAPES: Readonly<Record<string, string>> = {
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
  "\\": "\\\\",
};

function quoted(text: string): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  const escaped = text.replaceAll(/[\\\p{C}\p{Z}'"]/gu, (character) => {
    if (character === " ") return character;
    if (character === "'" || character === '"') {
      return character === quote ? `\\${character}` : character;
    }
    return ESCAPES[character] ?? hex(character.codePointAt(0) ?? 0);
  });
  return quote + escaped + quote;
}

function hex(code: number): string {
  const digits = code.toString(16);
  if (code < 0x100) return `\\x${digits.padStart(2, "0")}`;
  return code < 0x10000 ? `\\u${digits.padStart(4, "0")}` : `\\U${digits.padStart(8, "0")}`;
}

/** How JSON is written. */
export interface JsonStyle {
  readonly isAscii: boolean;
  readonly sortsKeys: boolean;
  /** What stands before every line, for each level; undefined for one line. */
  readonly indent: string | undefined;
  readonly separators: readonly [item: string, key: string];
}

/** As json.dumps writes it. */
export function json(value: Value, style: JsonStyle, level = 0): string {
  if (value === null) return "null";
  if (typeof value === "boolean") return String(value);
  if (typeof value === "number") return intText(value);
  if (typeof value === "string") return jsonString(value, style);
  if (isFloat(value)) return jsonFloat(value.value);
  if (value.kind === "dict") {
    const entries = [...value.entries].map(([key, each]) => [jsonKey(key), each] as const);
    if (style.sortsKeys) entries.sort(([a], [b]) => compareText(a, b));
    const parts = entries.map(
      ([key, each]) => jsonString(key, style) + style.separators[1] + json(each, style, level + 1),
    );
    return enclosed("{", parts, "}", style, level);
  }
  if (value.kind === "list" || value.kind === "tuple") {
    const parts = itemsOf(value).map((each) => json(each, style, level + 1));
    return enclosed("[", parts, "]", style, level);
  }
  throw fault(`Object of type ${typeName(value)} is not JSON serializable`);
}

function enclosed(
  open: string,
  parts: readonly string[],
  close: string,
  { indent, separators: [separator] }: JsonStyle,
  level: number,
): string {
  if (parts.length === 0) return open + close;
  if (indent === undefined) return open + parts.join(separator) + close;
  const [outside, inside] = [`\n${indent.repeat(level)}`, `\n${indent.repeat(level + 1)}`];
  return open + inside + parts.join(separator + inside) + outside + close;
}

function jsonFloat(value: number): string {
  if (Number.isFinite(value)) return floatText(value);
  if (Number.isNaN(value)) return "NaN";
  return value > 0 ? "Infinity" : "-Infinity";
}

function jsonKey(key: Value): string {
  if (typeof key === "string") return key;
  if (key === null || typeof key === "boolean") return String(key);
  if (typeof key === "number") return intText(key);
  if (isFloat(key)) return jsonFloat(key.value);
  throw fault(`keys must be str, int, float, bool or None, not ${typeName(key)}`);
}

function jsonString(text: string, { isAscii }: JsonStyle): string {
  // JSON.stringify also escapes halves of characters, which json.dumps leaves as they are.
  const plain = JSON.stringify(text);
  return isAscii
    ? plain.replaceAll(
        /[\u0080-\uffff]/g,
        (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
      )
    : plain;
}

/** By code points, as Python compares texts. */
export function compareText(a: string, b: string): number {
  const [left, right] = [Array.from(a), Array.from(b)];
  for (const [i, character] of left.entries()) {
    const other = right[i];
    if (other === undefined) return 1;
    if (character !== other) return (character.codePointAt(0) ?? 0) - (other.codePointAt(0) ?? 0);
  }
  return left.length - right.length;
}
