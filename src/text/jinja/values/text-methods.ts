/** @file The methods that Python's strings have and templates use. */

import { SPACE, str } from "./python-text.ts";
import {
  type Arguments,
  fault,
  given,
  givenInt,
  givenText,
  itemsOf,
  list,
  tuple,
  typeName,
  type Value,
} from "./value.ts";

type Method = (text: string, given: Arguments) => Value;

const IS_SPACE = new RegExp(SPACE);

const EDGES = { left: "^", right: "$" } as const;

/** A text without white space, or without some characters, at its ends. */
export function stripped(
  text: string,
  characters: string | undefined,
  sides: readonly ("left" | "right")[],
): string {
  const set = characters === undefined ? undefined : new Set(characters);
  const goes = (character: string) => (set ? set.has(character) : IS_SPACE.test(character));
  let [start, end] = [0, text.length];
  while (sides.includes("left") && start < end) {
    const character = String.fromCodePoint(text.codePointAt(start) ?? 0);
    if (!goes(character)) break;
    start += character.length;
  }
  while (sides.includes("right") && start < end) {
    const [character = ""] = /[^]$/u.exec(text.slice(Math.max(start, end - 2), end)) ?? [];
    if (!goes(character)) break;
    end -= character.length;
  }
  return text.slice(start, end);
}

const strip =
  (...sides: readonly (keyof typeof EDGES)[]): Method =>
  (text, from) =>
    stripped(text, givenText(from, 0, "chars"), sides);

/** Where a part stands, in code points; -1 if nowhere. */
function find(text: string, from: Arguments, isLast: boolean): number {
  const part = needed(from, 0, "sub");
  const all = Array.from(text);
  const [start, end] = [bound(from, 1, all.length, 0), bound(from, 2, all.length, all.length)];
  const seen = all.slice(start, end).join("");
  const at = isLast ? seen.lastIndexOf(part) : seen.indexOf(part);
  return at < 0 || start > end ? -1 : start + Array.from(seen.slice(0, at)).length;
}

function bound(from: Arguments, place: number, length: number, usual: number): number {
  const value = givenInt(from, place, "");
  if (value === undefined) return usual;
  return value < 0 ? Math.max(0, length + value) : Math.min(value, length);
}

function needed(from: Arguments, place: number, name: string): string {
  const value = givenText(from, place, name);
  if (value === undefined) throw fault(`"${name}" is missing`);
  return value;
}

/** Whether a text begins or ends with one of some. */
const edge =
  (test: (text: string, part: string) => boolean): Method =>
  (text, from) => {
    const [parts = null] = from.args;
    const all = typeof parts === "string" ? [parts] : itemsOf(parts);
    const seen =
      from.args.length > 1
        ? Array.from(text)
            .slice(bound(from, 1, text.length, 0))
            .join("")
        : text;
    return all.some((part) => {
      if (typeof part !== "string") throw fault(`must be str, not ${typeName(part)}`);
      return test(seen, part);
    });
  };

function split(text: string, from: Arguments): Value {
  const separator = givenText(from, 0, "sep");
  const splits = givenInt(from, 1, "maxsplit") ?? -1;
  const most = splits < 0 ? Infinity : splits;
  if (separator === "") throw fault("empty separator");
  const found: string[] = [];
  let rest = separator === undefined ? stripped(text, undefined, ["left"]) : text;
  const gap = separator === undefined ? new RegExp(`${SPACE}+`) : undefined;
  while (found.length < most) {
    const match = gap ? gap.exec(rest) : undefined;
    const at = gap ? (match?.index ?? -1) : rest.indexOf(separator ?? "");
    if (at < 0) break;
    found.push(rest.slice(0, at));
    rest = rest.slice(at + (match?.[0].length ?? separator?.length ?? 0));
  }
  if (separator !== undefined || rest !== "") found.push(rest);
  return list(found);
}

function splitFromRight(text: string, from: Arguments): Value {
  const separator = givenText(from, 0, "sep");
  const most = givenInt(from, 1, "maxsplit") ?? -1;
  if (separator === undefined && most >= 0) throw fault("rsplit needs a separator here");
  if (separator === undefined || most < 0) return split(text, from);
  const parts = text.split(separator);
  const kept = Math.max(1, parts.length - most);
  return list([parts.slice(0, kept).join(separator), ...parts.slice(kept)]);
}

function replaced(text: string, from: Arguments): string {
  const [old, made] = [needed(from, 0, "old"), needed(from, 1, "new")];
  return replaceText(text, old, made, givenInt(from, 2, "count") ?? -1);
}

/** A text with the first `most` parts replaced; with all of them below 0. */
export function replaceText(text: string, old: string, made: string, most: number): string {
  if (most < 0) return old === "" ? between(text, made, Infinity) : text.split(old).join(made);
  if (old === "") return between(text, made, most);
  const parts = text.split(old);
  const tail = parts.slice(most + 1);
  return [parts.slice(0, most + 1).join(made), ...tail].join(old);
}

function between(text: string, made: string, most: number): string {
  const all = Array.from(text);
  return [...all, ""].map((each, i) => (i < most ? made + each : each)).join("");
}

const partition =
  (isLast: boolean): Method =>
  (text, from) => {
    const separator = needed(from, 0, "sep");
    const at = isLast ? text.lastIndexOf(separator) : text.indexOf(separator);
    if (at < 0) return tuple(isLast ? ["", "", text] : [text, "", ""]);
    return tuple([text.slice(0, at), separator, text.slice(at + separator.length)]);
  };

/** Whether all characters are of a kind, and there are some. */
const all =
  (pattern: RegExp): Method =>
  (text) =>
    text !== "" && Array.from(text).every((character) => pattern.test(character));

const cased = (test: (text: string) => boolean) => (text: string) =>
  text.toLowerCase() !== text.toUpperCase() && test(text);

/** The first letter is a capital, of which some letters have two: ß begins with Ss. */
export const capitalized = (text: string): string => {
  const [first = "", ...rest] = Array.from(text);
  const [capital = "", ...more] = Array.from(first.toUpperCase());
  return capital + (more.join("") + rest.join("")).toLowerCase();
};

const titled = (text: string): string =>
  text.replaceAll(/\p{L}[\p{L}\p{M}]*/gu, (word) => capitalized(word));

const LINE_ENDS = [
  "\r\n",
  "\n",
  "\r",
  "\v",
  "\f",
  "\x1c",
  "\x1d",
  "\x1e",
  "\x85",
  "\u2028",
  "\u2029",
];
const LINES = new RegExp(LINE_ENDS.join("|"));

const padded =
  (side: "left" | "right"): Method =>
  (text, from) => {
    const missing = Math.max(0, (givenInt(from, 0, "width") ?? 0) - Array.from(text).length);
    const filler = (givenText(from, 1, "fillchar") ?? " ").repeat(missing);
    return side === "left" ? filler + text : text + filler;
  };

/** By name. */
export const TEXT_METHODS: Readonly<Record<string, Method>> = {
  capitalize: (text) => capitalized(text),
  casefold: (text) => text.toLowerCase().replaceAll("ß", "ss"),
  count: (text, from) => text.split(needed(from, 0, "sub")).length - 1,
  endswith: edge((text, part) => text.endsWith(part)),
  find: (text, from) => find(text, from, false),
  index(text, from) {
    const at = find(text, from, false);
    if (at < 0) throw fault("substring not found");
    return at;
  },
  isalnum: all(/[\p{L}\p{N}]/u),
  isalpha: all(/\p{L}/u),
  isascii: (text) => /^[\0-\x7f]*$/.test(text),
  isdecimal: all(/\p{Nd}/u),
  isdigit: all(/[\p{Nd}²³¹⁰⁴-⁹₀-₉]/u),
  islower: cased((text) => text === text.toLowerCase()),
  isnumeric: all(/\p{N}/u),
  isspace: all(new RegExp(SPACE)),
  isupper: cased((text) => text === text.toUpperCase()),
  join(text, from) {
    const items = itemsOf(given(from, 0, "iterable") ?? null);
    const wrong = items.find((item) => typeof item !== "string");
    if (wrong !== undefined) throw fault(`expected str instance, ${typeName(wrong)} found`);
    return items.map(str).join(text);
  },
  ljust: padded("right"),
  lower: (text) => text.toLowerCase(),
  lstrip: strip("left"),
  partition: partition(false),
  removeprefix(text, from) {
    const prefix = needed(from, 0, "prefix");
    return text.startsWith(prefix) ? text.slice(prefix.length) : text;
  },
  removesuffix(text, from) {
    const suffix = needed(from, 0, "suffix");
    return suffix !== "" && text.endsWith(suffix) ? text.slice(0, -suffix.length) : text;
  },
  replace: replaced,
  rfind: (text, from) => find(text, from, true),
  rjust: padded("left"),
  rpartition: partition(true),
  rsplit: splitFromRight,
  rstrip: strip("right"),
  split,
  splitlines(text, from) {
    if (from.args.length + from.named.size > 0) throw fault("splitlines takes nothing here");
    const lines = text.split(LINES);
    return list(lines.at(-1) === "" ? lines.slice(0, -1) : lines);
  },
  startswith: edge((text, part) => text.startsWith(part)),
  strip: strip("left", "right"),
  swapcase: (text) =>
    Array.from(text, (each) =>
      each === each.toLowerCase() ? each.toUpperCase() : each.toLowerCase(),
    ).join(""),
  title: (text) => titled(text),
  upper: (text) => text.toUpperCase(),
  zfill(text, from) {
    const [, sign = "", digits = ""] = /^([-+]?)(.*)$/s.exec(text) ?? [];
    const width = (givenInt(from, 0, "width") ?? 0) - Array.from(text).length;
    return sign + "0".repeat(Math.max(0, width)) + digits;
  },
};
