/** @file What may stand after a bar, for texts and single values. Those for lists are in list-filters.ts. */

import { LIST_FILTERS } from "./list-filters.ts";
import { pairsOf } from "./attributes.ts";
import { checkDefined } from "./operators.ts";
import { json, SPACE, str } from "./python-text.ts";
import { capitalized, replaceText, stripped } from "./text-methods.ts";
import {
  type Arguments,
  fault,
  float,
  generator,
  given,
  givenFlag,
  givenInt,
  givenText,
  isFloat,
  isTrue,
  isUndefined,
  itemsOf,
  lengthOf,
  numberOf,
  orElse,
  typeName,
  type Value,
} from "./value.ts";

/** The value of a filter on another. */
export type Filter = (value: Value, from: Arguments) => Value;

const TEXT = new RegExp(`^${SPACE}*([-+]?)(\\d+(?:_\\d+)*)${SPACE}*$`);
const REAL = /^[-+]?(?:\d[\d_]*\.?\d*|\.\d+)(?:e[-+]?\d+)?$/i;

function toInt(value: Value, from: Arguments): Value {
  checkDefined(value);
  const byDefault = orElse(given(from, 0, "default"), 0);
  const number = numberOf(value);
  if (number !== undefined) return Number.isFinite(number) ? Math.trunc(number) : byDefault;
  if (typeof value !== "string") return byDefault;
  const base = givenInt(from, 1, "base") ?? 10;
  if (base !== 10) throw fault("int has no other base here");
  const whole = TEXT.exec(value);
  if (whole) return Number(whole[1] + (whole[2] ?? "").replaceAll("_", ""));
  const real = realIn(value);
  return real === undefined ? byDefault : Math.trunc(real);
}

function toFloat(value: Value, from: Arguments): Value {
  checkDefined(value);
  const number = numberOf(value) ?? (typeof value === "string" ? realIn(value) : undefined);
  return number === undefined ? orElse(given(from, 0, "default"), float(0)) : float(number);
}

function realIn(text: string): number | undefined {
  const trimmed = stripped(text, undefined, ["left", "right"]);
  return REAL.test(trimmed) ? Number(trimmed.replaceAll("_", "")) : undefined;
}

/** To the nearest, halves to the even one, as Python's round. */
function rounded(value: Value, from: Arguments): Value {
  const number = numberOf(value);
  if (number === undefined) throw fault("round needs a number");
  const precision = givenInt(from, 0, "precision") ?? 0;
  const method = givenText(from, 1, "method") ?? "common";
  const scale = 10 ** precision;
  if (method === "ceil") return float(Math.ceil(number * scale) / scale);
  if (method === "floor") return float(Math.floor(number * scale) / scale);
  if (!isFloat(value)) return number;
  if (precision < 0) return float(Math.round(number * scale) / scale);
  // All digits that the number has, so that a half is known to be one.
  const digits = number.toFixed(Math.min(100, precision + 60));
  const end = digits.indexOf(".") + (precision > 0 ? precision + 1 : 0);
  const isHalf = /^\.?50*$/.test(digits.slice(end));
  const down = digits.slice(0, end);
  return float(Number(isHalf && /[02468]$/.test(down) ? down : number.toFixed(precision)));
}

function indented(value: Value, from: Arguments): string {
  if (typeof value !== "string") throw fault(`indent needs str, not ${typeName(value)}`);
  const width = given(from, 0, "width") ?? 4;
  const by = typeof width === "string" ? width : " ".repeat(numberOf(width) ?? 4);
  const [first, blank] = [givenFlag(from, 1, "first"), givenFlag(from, 2, "blank")];
  // The last line break is no line of its own, but for this it is.
  const lines = `${value}\n`.split("\n");
  const [start = "", ...others] = lines.slice(0, -1);
  const rest = others.map((line) => (line !== "" || blank ? by + line : line));
  return (first ? by : "") + [start, ...rest].join("\n");
}

function toJson(value: Value, from: Arguments): string {
  const indent = given(from, 1, "indent") ?? null;
  const separators = given(from, 2, "separators") ?? null;
  const level = typeof indent === "string" ? indent : numberOf(indent ?? null);
  const spaces = typeof level === "number" ? " ".repeat(level) : level;
  const [item = spaces === undefined ? ", " : ",", key = ": "] =
    separators === null ? [] : itemsOf(separators).map(str);
  return json(value, {
    isAscii: givenFlag(from, 0, "ensure_ascii"),
    indent: spaces,
    separators: [item, key],
    sortsKeys: givenFlag(from, 3, "sort_keys"),
  });
}

function truncated(value: Value, from: Arguments): Value {
  const [length, kills] = [givenInt(from, 0, "length") ?? 255, givenFlag(from, 1, "killwords")];
  const end = givenText(from, 2, "end") ?? "...";
  if (lengthOf(value) <= length + (givenInt(from, 3, "leeway") ?? 5)) return value;
  if (typeof value !== "string") throw fault(`truncate needs str, not ${typeName(value)}`);
  const kept = Array.from(value)
    .slice(0, length - Array.from(end).length)
    .join("");
  return (kills || !kept.includes(" ") ? kept : kept.slice(0, kept.lastIndexOf(" "))) + end;
}

const byDefault: Filter = (value, from) =>
  isUndefined(value) || (givenFlag(from, 1, "boolean") && !isTrue(value))
    ? orElse(given(from, 0, "default_value"), "")
    : value;

const length: Filter = (value) => lengthOf(value);

function titled(value: Value): string {
  return str(value).replaceAll(/[^-\s({[<]+/g, (word) => {
    const [first = "", ...rest] = Array.from(word);
    return first.toUpperCase() + rest.join("").toLowerCase();
  });
}

const VALUE_FILTERS: Readonly<Record<string, Filter>> = {
  abs(value) {
    const number = numberOf(value);
    if (number === undefined) throw fault("abs needs a number");
    return isFloat(value) ? float(Math.abs(number)) : Math.abs(number);
  },
  capitalize: (value) => capitalized(str(value)),
  center(value, from) {
    const text = str(value);
    const missing = Math.max(0, (givenInt(from, 0, "width") ?? 80) - Array.from(text).length);
    const width = Array.from(text).length + missing;
    const left = Math.floor(missing / 2) + (missing & width & 1);
    return " ".repeat(left) + text + " ".repeat(missing - left);
  },
  count: length,
  d: byDefault,
  default: byDefault,
  float: toFloat,
  format: () => {
    throw fault("the filter format is not known here; % does the same");
  },
  indent: indented,
  int: toInt,
  items(value) {
    return generator(isUndefined(value) ? [] : pairsOf(value).items);
  },
  length,
  lower: (value) => str(value).toLowerCase(),
  replace(value, from) {
    const [old, made] = [str(given(from, 0, "old") ?? null), str(given(from, 1, "new") ?? null)];
    return replaceText(str(value), old, made, givenInt(from, 2, "count") ?? -1);
  },
  round: rounded,
  // What else is done with it would be escaped as HTML by Jinja2.
  safe: (value) => ({ kind: "thing", text: str(value), get: () => undefined }),
  string: (value) => str(value),
  title: titled,
  tojson: toJson,
  trim: (value, from) => stripped(str(value), givenText(from, 0, "chars"), ["left", "right"]),
  truncate: truncated,
  upper: (value) => str(value).toUpperCase(),
  wordcount: (value) => str(value).match(/[\p{L}\p{N}_]+/gu)?.length ?? 0,
};

/** @throws {UsageError} if there is none of the name. */
export function filterOf(name: string): Filter {
  if (Object.hasOwn(VALUE_FILTERS, name)) {
    const found = VALUE_FILTERS[name];
    if (found) return found;
  }
  const found = Object.hasOwn(LIST_FILTERS, name) ? LIST_FILTERS[name] : undefined;
  if (!found) throw fault(`No filter named '${name}'`);
  return (value, from) => found(value, from, filterOf);
}
